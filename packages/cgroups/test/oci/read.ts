import { expect } from 'vitest';
import { checkLimits } from '../../src/checked-limits.ts';
import type { Limits } from '../../src/limits.ts';
import { limitsOfOci } from '../../src/oci/limits.ts';
import type { OciResources } from '../../src/oci/resources.ts';

/** The limits of a new container but those of devices, which it always has; they go through the checks of all limits too. */
export function of(resources: unknown, version: 1 | 2 = 2): Limits {
  const { devices, ...limits } = limitsOfOci(resources as OciResources, { version }).limits;
  expect(devices).toBeDefined();
  checkLimits(limits, '/estiba/x');
  return limits;
}

export function ignoredOf(resources: unknown, version: 1 | 2 = 2): string[] {
  return limitsOfOci(resources as OciResources, { version }).ignored.map(({ key }) => key);
}
