import { readKeys } from '../control-file.ts';
import { ifThere } from '../missing-file.ts';
import type { TreeCounters } from '../stat.ts';

/** Undefined for the root of kernels that have none there, and for what is gone. */
export function readTree(directory: string): TreeCounters | undefined {
  const counters = (file: string) => ifThere(undefined, () => Object.fromEntries(readKeys(directory, file)));
  const below = counters('cgroup.stat');
  return below && { ...below, ...counters('cgroup.stat.local') };
}
