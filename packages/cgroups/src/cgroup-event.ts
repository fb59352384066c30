/**
 * Something that happened in a cgroup or below it, in the words of v2's `memory.events`, `memory.swap.events`,
 * `pids.events` and `cgroup.events`. https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
export interface CgroupEvent {
  readonly type: CgroupEventType;
  /** How often since it was told last: what happens between two looks is one event, and none is lost. */
  readonly count: number;
  /** How often altogether, as the kernel counts; of states, and of `oom` on v1, since the watching began. */
  readonly total: number;
}

/**
 * `oom`: an allocation was about to fail. `oom-kill`: a process was killed for it; `oom-group-kill`: all of them (v2,
 * Linux 5.17). `memory-high`, `memory-max`, `memory-low`: usage passed that limit, or was reclaimed below the protection.
 * `swap-*`: the same of swap, or none was to be had (v2). `pids-max`: a fork failed. `populated` and `empty`: the first
 * process came, the last went. `frozen` and `thawed`: all of them stopped, or may go on.
 */
export type CgroupEventType = (typeof eventTypes)[number];

export const eventTypes = [
  'oom',
  'oom-kill',
  'oom-group-kill',
  'memory-high',
  'memory-max',
  'memory-low',
  'swap-high',
  'swap-max',
  'swap-fail',
  'pids-max',
  'populated',
  'empty',
  'frozen',
  'thawed',
] as const;

export interface EventsOptions {
  /** All that this host can tell, unless given. */
  types?: readonly CgroupEventType[];
  signal?: AbortSignal | undefined;
}

/** Where some types come from. */
export interface EventSource {
  readonly types: readonly CgroupEventType[];
  /** The totals now. */
  read(): ReadonlyMap<CgroupEventType, number>;
  /** Calls back whenever they may have changed; or when the lookout is gone that would tell. */
  watch(changed: () => void, failed: (cause: unknown) => void): Disposable;
}
