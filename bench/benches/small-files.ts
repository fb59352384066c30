/** Many small files: where a layer that is not unpacked has the most to gain. */
import { createReadStream, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { applyLayer, writeErofs } from '@estiba/unionfs';
import type { Bench } from '../bench.ts';
import type { Samples } from '../comparison.ts';
import { writeSmallFiles } from '../contenders/small-files.ts';
import { type Filler, intoTarget } from '../contenders/target.ts';
import type { Place } from '../places.ts';
import { pathOf } from '../programs.ts';

export async function smallFiles(bench: Bench): Promise<void> {
  const layer = join(bench.folder('small-files'), 'layer.tar');
  const made = writeSmallFiles(layer, bench.quick ? 100 : 1000);
  const about = `${made.files} files in ${made.directories} directories, a tar of ${Math.round(statSync(layer).size / 1e6)} MB`;
  for (const place of bench.places) {
    const onDisk = place.name === 'disk';
    const times = await timesOf({ layer, expect: made.diffId }, place, bench);
    bench.report(
      {
        title: `small files, ${place.name}`,
        note: `${about}; nobody waits for the disk; ours verify the digest, tar does not`,
        ours: 'writeErofs',
        promises: onDisk ? [{ by: 'tar -xf', atMost: 0.2 }] : [],
      },
      picked(times, ['writeErofs', 'tar -xf', ...(onDisk ? [] : ['applyLayer'])]),
    );
    const safe = { ours: 'writeErofs, durable', by: 'tar -xf, sync -f' };
    if (onDisk)
      bench.report(
        {
          title: 'small files until they are safe, disk',
          note: `${about}; until all of it is on the disk`,
          ours: safe.ours,
          promises: [{ by: safe.by, atMost: 0.2 }],
        },
        picked(times, [safe.ours, safe.by]),
      );
    bench.report(
      {
        title: `removing small files, ${place.name}`,
        note: 'the one file of writeErofs, and the tree that tar makes, after a sync; rm is a program, which costs it a millisecond',
        ours: 'unlink',
      },
      picked(times, ['unlink', 'rm -rf']),
    );
  }
}

interface Material {
  readonly layer: string;
  readonly expect: string;
}

/**
 * Making them, waiting for the disk, and removing them are measured in the same runs: a disk may take half a minute to make so
 * many files once. Node is warm there: memory comes first.
 */
async function timesOf(material: Material, place: Place, bench: Bench): Promise<Samples> {
  const times = new Map<string, number[]>();
  const note = (name: string, time: number) => {
    times.set(name, [...(times.get(name) ?? []), time]);
    return time;
  };
  const program = (...words: [string, ...string[]]) =>
    bench.programs.run([pathOf(words[0]), ...words.slice(1)], { timeout: 300_000 });
  const contenders: Filler[] = [
    {
      name: 'writeErofs',
      async run(target) {
        const time = note('writeErofs', await timed(() => write(material, target, false)));
        // What has not reached the disk yet is forgotten at less than its price.
        await program('sync', '-f', target);
        note('unlink', await timed(() => unlinkSync(imageIn(target))));
        return time;
      },
    },
    {
      name: 'writeErofs, durable',
      run: async (target) => note('writeErofs, durable', await timed(() => write(material, target, true))),
    },
    {
      name: 'tar -xf',
      async run(target) {
        const time = note('tar -xf', await program('tar', '--numeric-owner', '-xpf', material.layer, '-C', target));
        note('tar -xf, sync -f', time + (await program('sync', '-f', target)));
        note('rm -rf', await program('rm', '-rf', join(target, 'node_modules')));
        return time;
      },
    },
  ];
  if (place.name === 'tmpfs')
    contenders.push({
      name: 'applyLayer',
      run: async (target) => note('applyLayer', await timed(() => apply(material, target))),
    });
  const samples = await bench.play({
    contenders: contenders.map((contender) => intoTarget(contender, place, bench)),
    ...(place.name === 'tmpfs' ? { rounds: 9, warmup: 1, seconds: 45 } : { rounds: 6, warmup: 0, seconds: 60 }),
  });
  // Without those of the warm-up.
  const count = samples.get('writeErofs')?.length ?? 0;
  return new Map([...times].map(([name, all]) => [name, all.slice(-count)]));
}

function picked(samples: Samples, names: readonly string[]): Samples {
  return new Map(names.map((name) => [name, samples.get(name) ?? []]));
}

async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function write({ layer, expect }: Material, target: string, durable: boolean): Promise<undefined> {
  await writeErofs(reading(layer), imageIn(target), { expect, durable, transfer: true });
}

async function apply({ layer, expect }: Material, target: string): Promise<undefined> {
  await applyLayer(reading(layer), target, { expect, transfer: true });
}

function imageIn(target: string): string {
  return join(target, 'image');
}

function reading(layer: string) {
  return createReadStream(layer, { highWaterMark: 1 << 20 });
}
