/** Layers made by chance. */
import type { EntrySpec } from '@estiba/testkit/archive';

/** Numbers from 0 to `below`, the same for the same seed. xorshift32 */
export function chance(start: number): (below: number) => number {
  let state = (start * 2_654_435_761 + 1) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state % below;
  };
}

const names = ['a', 'b', 'a/b', 'a/c', 'a/b/c', 'b/a', 'c/d', 'c'];

export const base: EntrySpec[] = ['a/b/c', 'a/c', 'b/a', 'c/d'].map((name) => ({ name, content: name }));

/** A few entries that replace, hide and link each other, and what is in `base`. */
export function randomLayer(pick: (below: number) => number): EntrySpec[] {
  return Array.from({ length: 1 + pick(5) }, (): EntrySpec => {
    const name = names[pick(names.length)] as string;
    const target = names[pick(names.length)] as string;
    const whiteout = name.replace(/[^/]*$/, (last) => `.wh.${last}`);
    const kinds: EntrySpec[] = [
      { name: `${name}/`, type: '5', mode: 0o700 + pick(8) },
      { name, content: 'x'.repeat(pick(3)) },
      { name, content: name, mode: 0o600 + pick(64), uid: pick(3) },
      { name: `${name}/`, type: '5' },
      { name, type: '2', link: pick(2) ? target : `/${target}` },
      { name, type: '1', link: target },
      { name: whiteout },
      { name: `${name}/.wh..wh..opq` },
      { name, type: '3', device: [0, pick(2)] },
    ];
    return kinds[pick(kinds.length)] as EntrySpec;
  });
}
