export type { AccessOptions } from './access.ts';
export type { RegistryFeature } from './contents.ts';
export type { Fault } from './fault.ts';
export { Registry, type RegistryOptions } from './registry.ts';
export type { RegistryRequest } from './request-log.ts';
export type { TlsOptions } from './server.ts';
