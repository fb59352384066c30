/** Files of below that a layer has hard links to: a copy of a large one takes longer than anybody should have to wait. */
import { closeSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { guard, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { layer } from '../archive.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';

guard();

const size = 64 * 2 ** 20;

requires({ on: ['host', 'uml'] })('a large file of below that a layer links to', () => {
  it('is not copied to its end when the layer is given up', async () => {
    using folder = scratchOfLayers('copy-up');
    const below = largeFileIn(folder.join('below'));
    mkdirSync(folder.join('layer'));
    using stop = abortOnceCopying(folder.join('layer/large'));
    const options = { whiteouts: 'overlay' as const, lower: [below], signal: stop.signal };
    const applied = applyLayer(layer(link), folder.join('layer'), options);
    await expect(applied).rejects.toThrow('enough');
    expect(statSync(folder.join('layer/large')).size).toBeLessThan(size);
  });

  it('is whole, with its mode and time, under both names', async () => {
    using folder = scratchOfLayers('copy-up');
    const below = largeFileIn(folder.join('below'));
    mkdirSync(folder.join('layer'));
    await applyLayer(layer(link), folder.join('layer'), { whiteouts: 'overlay', lower: [below] });
    const [original, copy] = [statSync(`${below}/large`), statSync(folder.join('layer/link'))];
    expect(copy).toMatchObject({ mode: original.mode, mtimeMs: original.mtimeMs, nlink: 2 });
    expect(readFileSync(folder.join('layer/link')).equals(readFileSync(`${below}/large`))).toBe(true);
  });

  it('is told by the entry that asks for it when it is more than the layer may have', async () => {
    using folder = scratchOfLayers('copy-up');
    const below = largeFileIn(folder.join('below'));
    mkdirSync(folder.join('layer'));
    const options = { whiteouts: 'overlay' as const, lower: [below], maxBytes: size / 2 };
    const applied = applyLayer(layer(link, { name: 'after' }), folder.join('layer'), options);
    await expect(applied).rejects.toMatchObject({ code: 'LAYER_TOO_LARGE', entry: 'link' });
  });
});

const link = { name: 'link', type: '1', link: 'large' };

function largeFileIn(path: string): string {
  mkdirSync(path);
  const fd = openSync(`${path}/large`, 'w', 0o640);
  for (let at = 0; at < size; at += 2 ** 20) writeSync(fd, Buffer.alloc(2 ** 20, String(at / 2 ** 20)));
  closeSync(fd);
  return path;
}

/** In the first turn that others get once something of the copy is there. */
function abortOnceCopying(path: string): Disposable & { readonly signal: AbortSignal } {
  const stop = new AbortController();
  const watch = setInterval(() => {
    if ((statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) > 0) stop.abort(new Error('enough'));
  }, 1);
  return { signal: stop.signal, [Symbol.dispose]: () => clearInterval(watch) };
}
