import type { CgroupEventType } from './cgroup-event.ts';

/** A state as two counters: how often it was seen to begin, and to end. */
export class Flips {
  readonly #types: readonly [on: CgroupEventType, off: CgroupEventType];
  readonly #counts: [on: number, off: number] = [0, 0];
  #state: boolean | undefined;

  constructor(on: CgroupEventType, off: CgroupEventType) {
    this.#types = [on, off];
  }

  /** The counters, now that the state is known to be this. */
  see(state: boolean): [CgroupEventType, number][] {
    if (this.#state !== undefined && state !== this.#state) this.#counts[state ? 0 : 1] += 1;
    this.#state = state;
    return [
      [this.#types[0], this.#counts[0]],
      [this.#types[1], this.#counts[1]],
    ];
  }
}
