import type { Bytes } from './bytes.ts';

/** How much the processes of a cgroup may use, in the words of cgroup v2. What is left out stays as it is. */
export interface Limits {
  memory?: MemoryLimits;
  cpu?: CpuLimits;
  pids?: PidsLimits;
  cpuset?: CpusetLimits;
}

export interface MemoryLimits {
  /** Beyond this the kernel reclaims, and then kills. At least one page. */
  max?: Bytes;
  /** Beyond this the processes are slowed down and reclaimed from. v2 only. */
  high?: Bytes;
  /** Below this memory is taken only if nothing else can be reclaimed; on v1 the soft limit. */
  low?: Bytes;
  /** Swap in addition to `max`; 0 forbids it. */
  swap?: Bytes;
}

export interface CpuLimits {
  /** A number of CPUs (`0.5`), or `quota` microseconds in each `period` (100 000 when left out), or `'max'`. */
  max?: number | { quota: number; period?: number } | 'max';
  /** Share of a busy CPU relative to siblings: 1 to 10000, 100 is the default. */
  weight?: number;
}

export interface PidsLimits {
  /** Processes and threads together: 1 to 4194304, or `'max'`. */
  max: number | 'max';
}

export interface CpusetLimits {
  /** Which CPUs: `'0-2,7'`. */
  cpus?: string;
  /** Which memory nodes: `'0'`. */
  mems?: string;
}
