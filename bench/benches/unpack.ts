/** A layer becomes a tree: what is left of a pull when the network is taken away. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { applyLayer } from '@estiba/unionfs';
import { debianTar } from '../../tests/interop/debian-root.ts';
import type { Bench } from '../bench.ts';
import { plainLayer, tag, writeImage } from '../contenders/debian-image.ts';
import { intoTarget } from '../contenders/target.ts';
import { pathOf } from '../programs.ts';

export async function unpack(bench: Bench): Promise<void> {
  const directory = bench.folder('layers');
  const plain = join(directory, 'layer.tar');
  const diffId = await plainLayer(plain);
  for (const [form, layer] of [
    ['gzip', debianTar],
    ['plain', plain],
  ] as const) {
    const layout = join(directory, form);
    await writeImage(layout, layer, diffId);
    for (const place of bench.places) {
      const contenders = [
        { name: 'applyLayer', run: (target: string) => ours(layer, target, diffId) },
        { name: 'tar', run: (target: string) => bench.programs.run([...tar(), '-xpf', layer, '-C', target]) },
        {
          name: 'umoci',
          run: (target: string) => bench.programs.run([...umoci(), `${layout}:${tag}`, join(target, 'tree')]),
        },
      ];
      await bench.compare({
        title: `unpack ${form}, ${place.name}`,
        note: 'applyLayer and umoci verify the digest of the content and know whiteouts, tar does not',
        ours: 'applyLayer',
        contenders: contenders.map((contender) => intoTarget(contender, place, bench)),
        rounds: 9,
        warmup: 1,
        seconds: 60,
      });
    }
  }
}

const tar = () => [pathOf('tar'), '--numeric-owner', '--xattrs', '--xattrs-include=*'];
const umoci = () => [pathOf('umoci'), 'raw', 'unpack', '--image'];

async function ours(layer: string, target: string, diffId: string): Promise<undefined> {
  await applyLayer(createReadStream(layer, { highWaterMark: 1 << 20 }), target, { expect: diffId });
}
