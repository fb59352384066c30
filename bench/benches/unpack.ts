/** A layer becomes a tree: what is left of a pull when the network is taken away. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { applyLayer, writeErofs } from '@estiba/unionfs';
import { debianTar } from '../../tests/interop/debian-root.ts';
import type { Bench } from '../bench.ts';
import { plainLayer, tag, writeImage, zstdLayer } from '../contenders/debian-image.ts';
import { type Filler, intoTarget } from '../contenders/target.ts';
import { pathOf } from '../programs.ts';

export async function unpack(bench: Bench): Promise<void> {
  const directory = bench.folder('layers');
  const plain = join(directory, 'layer.tar');
  const diffId = await plainLayer(plain);
  const zstd = `${plain}.zst`;
  await zstdLayer(plain, zstd);
  for (const [form, layer] of [
    ['gzip', debianTar],
    ['zstd', zstd],
    ['plain', plain],
  ] as const) {
    const layout = join(directory, form);
    // umoci of Debian 12 knows no zstd.
    const umocis = form === 'zstd' ? [] : [umoci(`${layout}:${tag}`, bench)];
    if (umocis.length > 0) await writeImage(layout, layer, diffId);
    for (const place of bench.places) {
      const contenders = [
        { name: 'applyLayer', run: (target: string) => apply(layer, target, diffId) },
        { name: 'writeErofs', run: (target: string) => write(layer, target, diffId) },
        { name: 'tar', run: (target: string) => bench.programs.run([...tar(), '-xpf', layer, '-C', target]) },
        ...umocis,
      ];
      await bench.compare({
        title: `unpack ${form}, ${place.name}`,
        note: 'ours and umoci verify the digest of the content and know whiteouts, tar does not; writeErofs makes one file, not a tree',
        ours: ['applyLayer', 'writeErofs'],
        contenders: contenders.map((contender) => intoTarget(contender, place, bench)),
        rounds: 9,
        warmup: 1,
        seconds: 60,
        promises: form === 'plain' && place.name === 'disk' ? [{ by: 'tar', atMost: 1.15 }] : [],
      });
    }
  }
}

const tar = () => [pathOf('tar'), '--numeric-owner', '--xattrs', '--xattrs-include=*'];

function umoci(image: string, bench: Bench): Filler {
  const words = [pathOf('umoci'), 'raw', 'unpack', '--image', image];
  return { name: 'umoci', run: (target) => bench.programs.run([...words, join(target, 'tree')]) };
}

async function apply(layer: string, target: string, expect: string): Promise<undefined> {
  await applyLayer(reading(layer), target, { expect, transfer: true });
}

async function write(layer: string, target: string, expect: string): Promise<undefined> {
  await writeErofs(reading(layer), join(target, 'image'), { expect, transfer: true });
}

function reading(layer: string) {
  return createReadStream(layer, { highWaterMark: 1 << 20 });
}
