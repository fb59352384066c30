import type { CgroupEventType } from './cgroup-event.ts';
import { Flips } from './flips.ts';

/**
 * Whether somebody is inside. Who comes and goes between two looks leaves the state as it was, but has used the CPU: a
 * short command is not to be waited for in vain. (A kernel whose scheduler has no finer clock than its ticks, as User-Mode
 * Linux, may count nothing of less than one.)
 */
export class Occupancy {
  readonly #flips = new Flips('populated', 'empty');
  #populated: boolean | undefined;
  #micros = Number.NaN;

  /** The counters; `micros` is the CPU time used until now, NaN where nobody counts it. */
  see(populated: boolean, micros: number): [CgroupEventType, number][] {
    const unseen = this.#populated === false && !populated && micros - this.#micros >= least;
    if (unseen) this.#flips.see(true);
    this.#populated = populated;
    this.#micros = micros;
    return this.#flips.see(populated);
  }
}

/** Microseconds. To become a program takes twice as much; who has left, and is not counted any more, still uses a tenth. */
const least = 200;
