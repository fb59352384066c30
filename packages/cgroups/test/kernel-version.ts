import { missing } from '@estiba/testkit';

/** Whether this kernel is at least this one: `6.9`. What came later is shown where it is there, and refused where it is not. */
export function isLinux(version: string): boolean {
  return missing({ kernel: version }).length === 0;
}
