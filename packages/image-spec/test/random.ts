/** Numbers that look as if by chance, and are the same for the same seed (mulberry32). */
export interface Random {
  below(limit: number): number;
  pick<T>(from: readonly T[]): T;
}

/** ESTIBA_FUZZ_SEED and ESTIBA_FUZZ_CASES say which and how many. The name of a case belongs into every failure. */
export function* cases(count: number): Generator<{ name: string; random: Random }> {
  const seed = Number(process.env.ESTIBA_FUZZ_SEED ?? 1);
  const wanted = Number(process.env.ESTIBA_FUZZ_CASES ?? count);
  for (let number = 0; number < wanted; number++) {
    yield { name: `ESTIBA_FUZZ_SEED=${seed}, case ${number}`, random: random(Math.imul(seed, 1_000_003) + number) };
  }
}

export function random(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return { below, pick: (from) => from[below(from.length)] as (typeof from)[number] };
}
