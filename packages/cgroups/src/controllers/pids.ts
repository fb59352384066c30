import { known, wholeBetween } from '../check.ts';

export interface PidsLimits {
  /** Processes and threads together: 1 to 4194304, or `'max'`. */
  max: number | 'max';
}

/** Processes and threads; `max` is Infinity when there is no limit. */
export interface PidsStat {
  current: number;
  /** The most there have been at a time. Linux 6.1. */
  peak: number;
  max: number;
  events: PidsEvents;
  /** Of its own limit alone, without those of cgroups below. v2 with Linux 6.11. */
  localEvents?: PidsEvents;
}

/** pids.events as the kernel prints it. */
export interface PidsEvents {
  readonly [key: string]: number | undefined;
  /**
   * How often a fork failed with EAGAIN. Since Linux 6.11 on v2: for the limit of this cgroup or one below. Else: in this cgroup,
   * for whichever limit.
   */
  readonly max?: number;
}

// PID_MAX_LIMIT in the kernel's include/linux/threads.h.
const most = 4_194_304;

export function checkPids(pids: PidsLimits, path: string): PidsLimits {
  known(pids, ['max'], 'pids', path);
  return pids.max === 'max' ? pids : { max: wholeBetween(pids.max, 1, most, 'pids.max', path) };
}
