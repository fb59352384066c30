import type { Device } from './device-rule.ts';

/**
 * What every container may use: the devices that the OCI runtime specification puts into /dev, and making nodes of
 * any kind, which is not opening them. For use in a list: `{ allow: [...containerDevices, 'c 10:229 rw'] }`.
 * https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#default-devices
 */
export const containerDevices: readonly Device[] = [
  'a *:* m',
  'c 1:3 rw', // null
  'c 1:5 rw', // zero
  'c 1:7 rw', // full
  'c 1:8 rw', // random
  'c 1:9 rw', // urandom
  'c 5:0 rw', // tty
  'c 5:1 rw', // console
  'c 5:2 rw', // ptmx
  'c 136:* rw', // pts
];
