import { type Fault, Registry, type RegistryRequest } from '@estiba/registry';

export const fault: Fault = { path: /blobs/, status: 503, times: 2 };
export const registry: Promise<Registry> = Registry.start({ port: 0 });
export const requests: Promise<RegistryRequest[]> = registry.then((started) => {
  started.fail(fault);
  return started.requests;
});

// @ts-expect-error a port is a number
Registry.start({ port: '5000' });
// @ts-expect-error no such fault
export const wrong: Fault = { explode: true };
// @ts-expect-error the address is not for writing
registry.then((started) => (started.url = 'elsewhere'));
