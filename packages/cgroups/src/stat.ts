/** What a cgroup, with all below it, uses now and has used. NaN: this host or this cgroup does not count it. */
export interface Stat {
  memory: MemoryStat;
  cpu: CpuStat;
  pids: PidsStat;
}

/** In bytes; `max` is Infinity when there is no limit. */
export interface MemoryStat {
  current: number;
  peak: number;
  max: number;
  /** Processes killed because the limit, of this cgroup or of one above it, was reached. */
  oomKills: number;
}

/** In microseconds of CPU time; throttled: of waiting for the next period. */
export interface CpuStat {
  usageMicros: number;
  userMicros: number;
  systemMicros: number;
  throttledMicros: number;
}

/** Processes and threads; `max` is Infinity when there is no limit. */
export interface PidsStat {
  current: number;
  max: number;
}
