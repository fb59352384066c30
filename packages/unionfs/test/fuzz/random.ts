/** Numbers by chance that are the same in every run with the same seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Of 0 to `limit` - 1. */
  below(limit: number): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}

/** ESTIBA_FUZZ_SEED and ESTIBA_FUZZ_CASES (some hundreds, at least) say which and how many. */
const seed = Number(process.env.ESTIBA_FUZZ_SEED ?? 1);
const wanted = process.env.ESTIBA_FUZZ_CASES;

/** Milliseconds for a test. */
export const patience = wanted === undefined ? 60_000 : 3_600_000;

export interface Case {
  /** To be shown with what went wrong. */
  readonly name: string;
  readonly random: Random;
}

/** In each case chance begins anew, so that one can be had alone. */
export function* cases(usual: number): Generator<Case> {
  for (let number = 0; number < Number(wanted ?? usual); number++) {
    yield { name: `ESTIBA_FUZZ_SEED=${seed}, case ${number}`, random: new Random(Math.imul(seed, 1_000_003) + number) };
  }
}
