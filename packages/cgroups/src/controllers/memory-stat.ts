import type { MemoryCounters } from './memory-counters.ts';

/**
 * In bytes, unless said otherwise. Limits are Infinity where there is none; NaN is what this host does not count or cannot
 * limit. Everything includes the cgroups below.
 */
export interface MemoryStat {
  current: number;
  /** The most that it has been. v2 with Linux 5.19. */
  peak: number;
  max: number;
  high: number;
  /** On v1 the soft limit. */
  low: number;
  min: number;
  /** Processes killed because the limit, of this cgroup or of one above it, was reached. */
  oomKills: number;
  swap: SwapStat;
  zswap: ZswapStat;
  /** Whether all are killed when one is; v2. */
  oomGroup?: boolean;
  events: MemoryEvents;
  /** Those of this cgroup alone. */
  localEvents: MemoryEvents;
  /** `memory.stat` as the kernel prints it. */
  stat: MemoryCounters;
  /** `memory.numa_stat` by number of the node: in bytes, on v1 in pages. Empty where the kernel knows no nodes. */
  nodes: Record<number, MemoryCounters>;
  v1?: V1MemoryStat;
}

/** Of a cgroup without the controller. */
export const NO_MEMORY: MemoryStat = {
  current: Number.NaN,
  peak: Number.NaN,
  max: Number.NaN,
  high: Number.NaN,
  low: Number.NaN,
  min: Number.NaN,
  oomKills: Number.NaN,
  swap: { current: Number.NaN, peak: Number.NaN, max: Number.NaN, high: Number.NaN, events: {} },
  zswap: { current: Number.NaN, max: Number.NaN },
  events: {},
  localEvents: {},
  stat: {},
  nodes: {},
};

export interface SwapStat {
  current: number;
  /** v2 with Linux 6.5. */
  peak: number;
  /** On v1 what is between the two limits, of memory and of memory and swap together. */
  max: number;
  high: number;
  events: SwapEvents;
}

export interface ZswapStat {
  current: number;
  max: number;
  /** v2 with Linux 6.8. */
  writeback?: boolean;
}

/** How often, by the kernel's own keys; v1 counts `max` and `oom_kill`, and forgets those of cgroups that are gone. */
export interface MemoryEvents {
  /** Reclaimed although below the protection. */
  low?: number;
  /** Slowed down at `high`. */
  high?: number;
  /** About to exceed `max`; v1 kernels of 2025 and 2026 do not count it where swap is forbidden too. */
  max?: number;
  /** At `max`, and nothing to reclaim. */
  oom?: number;
  /** Processes killed. */
  oom_kill?: number;
  /** Whole groups killed. */
  oom_group_kill?: number;
  /** Network sockets slowed down. */
  sock_throttled?: number;
  [key: string]: number | undefined;
}

export interface SwapEvents {
  high?: number;
  max?: number;
  /** No swap was left, on the machine or under the limit. */
  fail?: number;
  [key: string]: number | undefined;
}

/** What only v1 counts. */
export interface V1MemoryStat {
  /** Memory and swap together; NaN where swap is not accounted. */
  memoryAndSwap: V1Counter;
  /** Of the kernel for these processes; a part of `current`. */
  kernel: V1Counter;
  kernelTcp: V1Counter;
  swappiness: number;
  /** Whether processes are killed at the limit, or wait. */
  oomKiller: boolean;
  /** Whether they wait now. */
  underOom: boolean;
}

export interface V1Counter {
  current: number;
  peak: number;
  max: number;
  /** How often the limit was reached. */
  failures: number;
}
