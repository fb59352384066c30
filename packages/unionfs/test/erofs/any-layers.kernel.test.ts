/** Layers over layers, in both forms: what one refuses the other refuses as well, and what they show is the same. */
import { mkdirSync, rmSync } from 'node:fs';
import { perform } from '@estiba/syscalls';
import { guard, requires, scratch } from '@estiba/testkit';
import { archive } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { overlayTree } from '../../src/steps/overlay.ts';
import { tree } from '../tree.ts';
import { bothForms } from './both-forms.ts';
import { type MountedImage, mounted } from './mounted.ts';
import { generator, randomLayer } from './random-layer.ts';

guard();

/** More of them: `ESTIBA_RANDOM_LAYERS=1000`. */
const rounds = Number(process.env.ESTIBA_RANDOM_LAYERS ?? 60);

requires({ on: ['host'], root: true, kernel: '6.12', overlay: true })('any layers in one file', () => {
  it('show what the same layers show that were unpacked', { timeout: 10_000 + rounds * 500 }, async () => {
    let [accepted, refused] = [0, 0];
    for (let round = 0; round < rounds; round++) {
      using folder = scratch('random');
      using layers = new DisposableStack();
      const random = generator(round);
      const files: string[] = [];
      // What lies below the lowest: without it a layer would not know that there is nothing to hide.
      mkdirSync(folder.join('empty'));
      const directories = [folder.join('empty')];
      const images: Pick<MountedImage, 'path'>[] = [{ path: folder.join('empty') }];
      for (let depth = 0; depth < 4; depth++) {
        const name = `${depth}`;
        // Entries lean on what is below in either form.
        const lower = round % 2 === 0 ? directories : images.map(({ path }) => path);
        const { directory, image, opaque } = await bothForms(folder, archive(...randomLayer(random, files)), {
          name,
          lower,
        });
        expect(image, `round ${round}, layer ${depth}`).toEqual(directory);
        if (typeof directory === 'string') {
          refused += 1;
          rmSync(folder.join(`${name}.d`), { recursive: true });
          continue;
        }
        accepted += 1;
        // Overlayfs has no mark for that.
        if (opaque) for (const each of [directories, images]) each.splice(0);
        directories.unshift(folder.join(`${name}.d`));
        images.unshift(layers.use(mounted(folder.join(`${name}.image`))));
      }
      const [whole, same] = [directories, images.map(({ path }) => path)].map(merged);
      expect(same, `round ${round}, over each other`).toEqual(whole);
    }
    expect(accepted).toBeGreaterThan(rounds);
    expect(refused).toBeGreaterThan(rounds / 4);
  });
});

/** What an overlay shows of them. */
function merged(lower: readonly string[]): string[] {
  const { steps, tree: overlay } = overlayTree({ lower });
  using fd = perform(steps, { keep: [overlay] }).fd(overlay);
  return tree(`/proc/self/fd/${fd.number}/.`);
}
