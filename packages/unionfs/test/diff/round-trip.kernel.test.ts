/** What is applied, changed, diffed and applied again is the same: for trees and changes that nobody would think of. */
import { mkdirSync } from 'node:fs';
import { guard, requires, type Scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { diffLayer } from '../../src/diff/diff-layer.ts';
import { packTree } from '../../src/diff/pack-tree.ts';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { mountOverlay } from '../../src/mount-overlay.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';
import { tree } from '../tree.ts';
import { makeTree } from './make-tree.ts';
import { Random } from './random.ts';
import { changeTree } from './random-changes.ts';
import { randomTree } from './random-tree.ts';
import { visible } from './visible.ts';

guard();

/** Those of a long run: ESTIBA_TREES=1000, and ESTIBA_SEED to begin elsewhere. */
const count = Number(process.env.ESTIBA_TREES ?? (process.env.ESTIBA_MACHINE === 'uml' ? 4 : 20));
const first = Number(process.env.ESTIBA_SEED ?? 1);
const seeds = Array.from({ length: count }, (_, at) => first + at);
const time = 60_000 + count * 1000;

requires({ on: ['host', 'uml'] })('a random tree', () => {
  it('is the same when it is unpacked from its archive, and so are its changes', { timeout: time }, async () => {
    for (const seed of seeds) {
      using folder = scratchOfLayers('random');
      const random = new Random(seed);
      makeTree(folder.join('before'), randomTree(random, 30));
      await copy(folder, 'before', 'after');
      expect(tree(folder.join('after')), `seed ${seed}: the whole tree`).toEqual(tree(folder.join('before')));
      await copy(folder, 'before', 'changed');
      changeTree(folder.join('after'), random, random.below(12));
      const layer = diffLayer({ before: folder.join('before'), after: folder.join('after') });
      await applyLayer(layer, folder.join('changed'));
      expect(tree(folder.join('changed')), `seed ${seed}: its changes`).toEqual(tree(folder.join('after')));
    }
  });
});

requires({ on: ['host', 'uml'], root: true, overlay: true })('a random tree below an overlay', () => {
  it('with its changes is the same as the overlay was', { timeout: time }, async () => {
    for (const seed of seeds) {
      using folder = scratchOfLayers('random');
      const random = new Random(seed);
      makeTree(folder.join('below'), randomTree(random, 30));
      for (const name of ['upper', 'work', 'merged', 'layer', 'seen']) mkdirSync(folder.join(name));
      await copy(folder, 'below', 'applied');
      const [below, upper] = [folder.join('below'), folder.join('upper')];
      let expected: string[];
      {
        await using merged = await mountOverlay({
          target: folder.join('merged'),
          lower: [below],
          upper,
          work: folder.join('work'),
        });
        changeTree(merged.path, random, random.below(12));
        expected = visible(merged.path);
      }
      const diff = () => diffLayer({ upper, lower: [below], dropEqual: random.chance(0.5) });
      await applyLayer(diff(), folder.join('applied'));
      expect(visible(folder.join('applied')), `seed ${seed}: by removing`).toEqual(expected);
      await applyLayer(diff(), folder.join('layer'), { whiteouts: 'overlay', lower: [below] });
      await using seen = await mountOverlay({ target: folder.join('seen'), lower: [folder.join('layer'), below] });
      expect(visible(seen.path), `seed ${seed}: as a layer`).toEqual(expected);
    }
  });
});

async function copy(folder: Scratch, from: string, to: string): Promise<void> {
  mkdirSync(folder.join(to));
  await applyLayer(packTree(folder.join(from)), folder.join(to));
}
