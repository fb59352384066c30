/** Layers made to do harm: as an image they are refused for the same reason, or show the same, as when they are unpacked. */
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { guard, requires, scratch } from '@estiba/testkit';
import { describe, expect, it } from 'vitest';
import { writeErofs } from '../../src/erofs/write-erofs.ts';
import {
  type HostileLayer,
  hostileLayers,
  listing,
  makeWorld,
  type Outcome,
} from '../fixtures/hostile-layers/index.ts';
import { mounted } from './mounted.ts';

guard();

requires({ on: ['host'], root: true, kernel: '6.12' })('a hostile layer in one file changes nothing outside:', () => {
  for (const [family, layers] of Object.entries(hostileLayers)) {
    describe(family, () => {
      it.each(layers.map((layer) => [layer.title, layer] as const))('%s', async (_, layer) => {
        using folder = scratch('hostile');
        const world = makeWorld(folder.path, 'overlay');
        const before = world.around();
        const outcome = await outcomeOf(layer, join(world.root, 'image'), world);
        expect(world.around()).toEqual(before);
        expect(layer.outcomes).toContainEqual(outcome);
      });
    });
  }
});

async function outcomeOf(layer: HostileLayer, path: string, world: ReturnType<typeof makeWorld>): Promise<Outcome> {
  const source = Readable.from([layer.bytes(world.canary)]);
  try {
    const { opaque } = await writeErofs(source, path, { lower: [world.below], ...layer.limits });
    using image = mounted(path);
    return listing(image.path, { canary: world.canary, isLayer: true, opaque });
  } catch (error) {
    const { name, code } = error as NodeJS.ErrnoException;
    if (name !== 'UnionfsError') throw error;
    return code as Outcome;
  }
}
