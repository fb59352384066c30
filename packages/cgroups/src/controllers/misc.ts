import { invalid, isPlain, known, wholeBetween } from '../check.ts';

export interface MiscLimits {
  /** For each resource that the root's misc.capacity names: `{ sev: 3 }`, or `'max'`. */
  max: Readonly<Record<string, number | 'max'>>;
}

/** By resource. https://docs.kernel.org/admin-guide/cgroup-v2.html#misc-interface-files */
export interface MiscStat {
  current: Readonly<Record<string, number>>;
  /** Linux 6.11. */
  peak?: Readonly<Record<string, number>>;
  /** Infinity: no limit. */
  max: Readonly<Record<string, number>>;
  /** How often a limit was in the way, as the kernel prints it: `sev.max`. */
  events: Readonly<Record<string, number>>;
  /** Without those of cgroups below. Linux 6.11. */
  localEvents?: Readonly<Record<string, number>>;
}

export function checkMisc(misc: MiscLimits, path: string): MiscLimits {
  known(misc, ['max'], 'misc', path);
  if (!isPlain(misc.max)) throw invalid('misc.max', misc.max, 'write an object such as { sev: 3 }', path);
  for (const [resource, amount] of Object.entries(misc.max)) {
    if (!/^[\w.-]+$/.test(resource)) throw invalid('misc.max', resource, 'it is no name of a resource', path);
    if (amount !== 'max') wholeBetween(amount, 0, Number.MAX_SAFE_INTEGER, `misc.max ${resource}`, path);
  }
  return misc;
}
