import type { DeviceRule } from '../src/index.ts';

/** Numbers in [0, below), the same for the same seed. */
export function dice(seed: number): (below: number) => number {
  let state = seed + 0x6d2b79f5;
  return (below) => {
    state = Math.imul(state ^ (state >>> 15), state | 1);
    state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
    return ((state ^ (state >>> 14)) >>> 0) % below;
  };
}

/** The numbers that rules and accesses are made of: few, so that they meet. */
export const NUMBERS = [1, 2, 3];
export const TYPES = ['char', 'block'] as const;

export function randomRules(roll: (below: number) => number): { default: 'allow' | 'deny'; rules: DeviceRule[] } {
  const pick = <T>(list: readonly T[]): T => list[roll(list.length)] as T;
  const rules = Array.from({ length: roll(7) }, () => ({
    allow: roll(2) === 0,
    type: pick(['char', 'block', 'all'] as const),
    major: pick(['*', ...NUMBERS] as const),
    minor: pick(['*', '*', ...NUMBERS] as const),
    access: pick(['r', 'w', 'm', 'rw', 'rwm', 'rwm'] as const),
  }));
  return { default: pick(['allow', 'deny']), rules };
}

/** Every access worth asking for: all numbers that rules have, one that none has, all sets of r, w and m. */
export function* everyAccess() {
  for (const type of TYPES) {
    for (const major of [...NUMBERS, 9]) {
      for (const minor of [...NUMBERS, 9]) {
        for (const access of ['r', 'w', 'm', 'rw', 'rm', 'wm', 'rwm']) yield { type, major, minor, access };
      }
    }
  }
}

export interface Access {
  type: 'char' | 'block';
  major: number;
  minor: number;
  access: string;
}

/** The meaning of rules, said as plainly as it can be: of those that speak of a letter the last one decides. */
export function isAllowed(
  { default: usual, rules }: { default: 'allow' | 'deny'; rules: readonly DeviceRule[] },
  asked: Access,
): boolean {
  return [...asked.access].every((letter) => {
    const last = rules.findLast(
      ({ type, major, minor, access }) =>
        (type === 'all' || type === asked.type) &&
        (major === '*' || major === asked.major) &&
        (minor === '*' || minor === asked.minor) &&
        access?.includes(letter),
    );
    return last?.allow ?? usual === 'allow';
  });
}
