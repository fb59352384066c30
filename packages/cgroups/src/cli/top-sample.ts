import { measureBriefly } from '../measure-briefly.ts';
import type { Branch } from '../tree.ts';
import { walk } from '../tree.ts';

/** What one cgroup, with all below it, uses at one moment. */
export interface Usage {
  readonly path: string;
  readonly memory: number;
  /** Since it was made. */
  readonly cpuMicros: number;
  readonly pids: number;
  /** Percent of the last ten seconds in which some process waited for memory; NaN where the kernel does not say. */
  readonly pressure: number;
}

export interface Sample {
  /** Milliseconds, of a clock that only goes forward. */
  readonly at: number;
  readonly usages: ReadonlyMap<string, Usage>;
}

export function takeSample(root: Branch, { depth }: { depth: number }): Sample {
  const usages = new Map<string, Usage>();
  const deepest = depthOf(root.path) + depth;
  for (const branch of walk(root, ({ path }) => depthOf(path) < deepest)) {
    const usage = measureBriefly(branch.places);
    if (usage !== undefined) usages.set(branch.path, { path: branch.path, ...usage });
  }
  return { at: performance.now(), usages };
}

/** CPUs' worth of time between two samples; NaN for what was not there before. */
export function cpusBetween(before: Sample | undefined, after: Sample, path: string): number {
  const used = (after.usages.get(path)?.cpuMicros ?? Number.NaN) - (before?.usages.get(path)?.cpuMicros ?? Number.NaN);
  // A name that was removed and made anew counts from nothing.
  return used < 0 ? Number.NaN : used / 1_000 / (after.at - (before?.at ?? 0));
}

function depthOf(path: string): number {
  return path === '/' ? 0 : path.split('/').length - 1;
}
