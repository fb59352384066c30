import type { Setting } from './setting.ts';

/** The cgroup that is limited, in one hierarchy. */
export interface Target {
  readonly path: string;
  readonly directory: string;
  /** Just made: everything is as the kernel makes it, and need not be asked for. */
  readonly fresh: boolean;
}

/** How the limits of a controller are written, in one version of cgroups; what it tells is read beside it. */
export type Controller<Checked> = (limits: Checked, target: Target) => Setting[];
