/** What takes long after all of a layer has come: others get their turns meanwhile, and an abort is heard. */
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { Readable } from 'node:stream';
import { scratch } from '@estiba/testkit';
import { archive } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { writeErofs } from '../../src/erofs/write-erofs.ts';
import { pax10 } from '../tar/sparse-archive.ts';

interface Watch extends Disposable {
  readonly signal: AbortSignal;
  /** How long the image, which is gone by then, had become. */
  size(): number;
}

/** Aborts in the first turn that others get after more has been written than the layer itself. */
function abortBehind(path: string, layer: Buffer): Watch {
  const stop = new AbortController();
  let held = -1;
  const watch = setInterval(() => {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (held !== -1 || size <= 4096 + Math.ceil(layer.length / 512) * 512) return;
    held = openSync(path, 'r');
    stop.abort(new Error('enough'));
  }, 1);
  const end = () => {
    clearInterval(watch);
    if (held !== -1) closeSync(held);
  };
  return { signal: stop.signal, size: () => fstatSync(held).size, [Symbol.dispose]: end };
}

it('a layer that is given up while small parts of a sparse file are put in their places stops there', async () => {
  using folder = scratch('erofs');
  const end = 2 ** 30;
  const parts = Array.from({ length: 50_000 }, (_, at) => [at * 2, 1] as const);
  const content = Buffer.alloc(parts.length + 1, 'x');
  const layer = pax10({ name: 's', size: end, parts: [...parts, [end - 1, 1]], content });
  using stop = abortBehind(folder.join('image'), layer);
  const written = writeErofs(Readable.from([layer]), folder.join('image'), { signal: stop.signal });
  await expect(written).rejects.toThrow('enough');
  expect(stop.size()).toBeLessThan(end);
  expect(readdirSync(folder.path)).toEqual([]);
});

it('a layer that is given up while a large file of below is copied for a hard link stops there', async () => {
  using folder = scratch('erofs');
  mkdirSync(folder.join('below'));
  const size = 64 * 2 ** 20;
  const fd = openSync(folder.join('below/large'), 'w');
  for (let at = 0; at < size; at += 2 ** 20) writeSync(fd, Buffer.alloc(2 ** 20, 'x'));
  closeSync(fd);
  const layer = archive({ name: 'link', type: '1', link: 'large' });
  using stop = abortBehind(folder.join('image'), layer);
  const options = { signal: stop.signal, lower: [folder.join('below')] };
  await expect(writeErofs(Readable.from([layer]), folder.join('image'), options)).rejects.toThrow('enough');
  expect(stop.size()).toBeLessThan(size);
  expect(readdirSync(folder.path)).toEqual(['below']);
});
