/** Whatever layers there are: mounted over each other they show what applying them one after the other makes. */
import { mkdirSync } from 'node:fs';
import type { Program } from '@estiba/syscalls';
import { guard, requires, scratch } from '@estiba/testkit';
import { type EntrySpec, layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { overlay } from '../../src/steps/overlay.ts';
import { mounting, overlayOptions, trees } from '../mounting.ts';

guard();

requires({ on: ['host', 'uml'], ...mounting })('a layer in overlay form', () => {
  it('shows, mounted over others, the same as layers applied one over the other, for any layers', {
    timeout: 120_000,
  }, async () => {
    using folder = scratch('form');
    const random = generator(20);
    const rounds = Array.from(
      { length: 60 },
      (_, round) =>
        (...parts: string[]) =>
          folder.join(`${round}`, ...parts),
    );
    const overlays: Program[] = [];
    for (const place of rounds) {
      mkdirSync(place('flat'), { recursive: true });
      const lower: string[] = [];
      for (let depth = 0; depth < 4; depth++) {
        const entries = randomLayer(random, depth);
        const path = place(`l${depth}`);
        mkdirSync(path);
        await applyLayer(layer(...entries), place('flat'));
        await applyLayer(layer(...entries), path, { whiteouts: 'overlay', lower });
        lower.unshift(path);
      }
      overlays.push(overlay({ lower, target: place('merged'), options: overlayOptions }));
    }
    // To make a tree of it finds all that the kernel lists, which it could not with marks in the wrong place.
    const [flat, merged] = [rounds.map((place) => place('flat')), rounds.map((place) => place('merged'))];
    const found = await trees(overlays, [...flat, ...merged], { directoryTimes: false });
    for (const round of rounds.keys())
      expect(comparable(found[rounds.length + round] ?? [])).toEqual(comparable(found[round] ?? []));
    expect(found.flat().length).toBeGreaterThan(1000);
  });
});

/** Few names, so that layers meet; no links, whose way differs with what is there at the time. */
function randomLayer(random: () => number, depth: number): EntrySpec[] {
  const names = ['a', 'b', 'c'];
  const path = () => Array.from({ length: 1 + (random() % 3) }, () => names[random() % 3]).join('/');
  const hidden = new Set<string>();
  const made = new Map<string, 'd' | 'f'>();
  const entries: EntrySpec[] = [];
  for (let count = 0; count < 8; count++) {
    const name = path();
    const parts = name.split('/');
    const parents = parts.slice(0, -1).map((_, at) => parts.slice(0, at + 1).join('/'));
    // A layer is a difference between two trees: it does not contradict itself.
    if (made.has(name) || parents.some((parent) => made.get(parent) === 'f')) continue;
    const kind = random() % 5;
    const base = parts.pop() as string;
    const prefix = parts.length === 0 ? '' : `${parts.join('/')}/`;
    if (kind === 0 && depth > 0) {
      entries.push({ name: `${prefix}.wh.${base}` });
      hidden.add(name);
    } else if (kind === 1 && depth > 0 && parts.length > 0) {
      entries.push({ name: `${prefix}.wh..wh..opq` });
    } else if (kind === 2) {
      entries.push({ name: `${name}/`, type: '5', mode: 0o700 + (random() % 64), uid: random() % 100 });
      made.set(name, 'd');
    } else if (![...made.keys()].some((other) => other.startsWith(`${name}/`))) {
      entries.push({ name, content: `layer ${depth} ${count}`, mode: 0o600 + (random() % 64), mtime: random() % 1e9 });
      made.set(name, 'f');
      for (const parent of parents) made.set(parent, 'd');
    }
  }
  return entries;
}

/** Modes and owners of directories that no entry describes may come from either side. */
function comparable(lines: string[]): string[] {
  return lines.filter((line) => !line.startsWith('. '));
}

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state >>> 8;
  };
}
