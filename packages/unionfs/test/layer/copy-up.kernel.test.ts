/** Files of below that a layer has hard links to: a copy of a large one takes longer than anybody should have to wait. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { guard, requires } from '@estiba/testkit';
import { archive, layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { applyLayer } from '../../src/layer/apply-layer.ts';
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

requires({ on: ['host', 'uml'] })('many files of below that a layer links to at once', () => {
  it('in as many directories take few descriptors, and are whole', async () => {
    using folder = scratchOfLayers('copy-up');
    const [below, made] = [folder.join('below'), folder.join('layer')];
    for (const path of [below, made]) mkdirSync(path);
    const names = Array.from({ length: 300 }, (_, at) => `file-${at}`);
    for (const name of names) writeFileSync(`${below}/${name}`, name);
    const links = archive(...names.map((name) => ({ name: `of-${name}/link`, type: '1', link: name })));
    const source = `
      import { readFileSync } from 'node:fs';
      import { Readable } from 'node:stream';
      import { applyLayer } from ${JSON.stringify(import.meta.resolve('../../src/layer/apply-layer.ts'))};
      const [below, made] = process.argv.slice(1);
      await applyLayer(Readable.from([readFileSync(0)]), made, { whiteouts: 'overlay', lower: [below] });`;
    const node = [process.execPath, '--conditions=estiba-source', '--input-type=module', '-e', source, below, made];
    const limited = ['-c', 'ulimit -n 200; exec "$@"', 'sh', ...node];
    execFileSync('sh', limited, { input: links, timeout: 20_000 });
    for (const name of names) {
      expect(readFileSync(`${made}/of-${name}/link`, 'utf8')).toBe(name);
      expect(statSync(`${made}/${name}`).nlink).toBe(2);
    }
  });

  it('are copied before their names are taken by others', async () => {
    using folder = scratchOfLayers('copy-up');
    const [below, made] = [folder.join('below'), folder.join('layer')];
    for (const path of [below, made]) mkdirSync(path);
    const names = Array.from({ length: 40 }, (_, at) => `file-${at}`);
    for (const name of names) writeFileSync(`${below}/${name}`, name);
    const links = names.map((name) => ({ name: `link-${name}`, type: '1', link: name }));
    const others = names.map((name) => ({ name, content: 'another' }));
    await applyLayer(layer(...links, ...others), made, { whiteouts: 'overlay', lower: [below] });
    for (const name of names) {
      expect(readFileSync(`${made}/link-${name}`, 'utf8')).toBe(name);
      expect(readFileSync(`${made}/${name}`, 'utf8')).toBe('another');
    }
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
