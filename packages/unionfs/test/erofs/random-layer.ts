/** Layers of any content, with few names, so that entries and layers meet; what contradicts itself is among them. */
import type { EntrySpec } from '@estiba/testkit/archive';

export type Random = () => number;

export function generator(seed: number): Random {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state >>> 8;
  };
}

/** `below` are names that layers below have files by; those of this one are added. */
export function randomLayer(random: Random, below: string[]): EntrySpec[] {
  const layer: EntrySpec[] = [];
  for (let count = 0; count < 7; count++) {
    const entry = randomEntry(random, below, count);
    if (entry.content !== undefined) below.push(String(entry.name));
    layer.push(entry);
  }
  return layer;
}

function randomEntry(random: Random, files: readonly string[], count: number): EntrySpec {
  const name = path(random, 3);
  const at = name.lastIndexOf('/') + 1;
  const attributes = { mode: 0o600 + (random() % 64), uid: random() % 3, gid: random() % 3, mtime: random() % 1e9 };
  const pax = { mtime: `${random() % 1e6}.${random() % 1000}`, 'SCHILY.xattr.user.x': 'y'.repeat(random() % 900) };
  const described = { name, ...attributes, ...(random() % 3 === 0 && { pax }) };
  switch (random() % 12) {
    case 0:
      return { name: `${name.slice(0, at)}.wh.${name.slice(at)}` };
    case 1:
      return { name: `${name.slice(0, at)}.wh..wh..opq` };
    case 2:
    case 3:
      return { ...described, name: `${name}/`, type: '5' };
    case 4:
      return { ...described, type: '2', link: pick(random, ['/', '', '../', '../../']) + path(random, 2) };
    case 5:
    case 6:
      return { ...described, type: '1', link: random() % 20 === 0 ? path(random, 3) : pick(random, [...files, name]) };
    case 7:
      return { ...described, type: pick(random, ['3', '4', '6']), device: [random() % 3, random() % 300] };
    default:
      return { ...described, content: 'x'.repeat(random() % 1500) + count };
  }
}

function path(random: Random, deepest: number): string {
  return Array.from({ length: 1 + (random() % deepest) }, () => pick(random, ['a', 'b', 'c', 'd'])).join('/');
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random() % values.length] as T;
}
