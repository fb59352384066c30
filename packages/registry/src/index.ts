export type { AccessOptions } from './access.ts';
export type { Fault } from './faults.ts';
export { Registry, type RegistryOptions, type RegistryRequest } from './registry.ts';
