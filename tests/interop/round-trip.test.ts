/** A real Debian, packed and compressed by us: for us again, and for programs that are not ours. */
import { createReadStream, mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requires, type Scratch, scratch } from '../../packages/testkit/src/index.ts';
import { applyLayer, compressLayer, diffLayer, packTree } from '../../packages/unionfs/src/index.ts';
import { differences } from './compare.ts';
import { debianTar, makeDebian } from './debian-root.ts';
import { Peers } from './peers.ts';
import { type Tree, treeOf } from './tree.ts';
import { unpackedByTar } from './unpack.ts';

requires({ on: ['host'], root: true, command: ['debootstrap', 'tar'] })('a real Debian, packed', () => {
  let folder: Scratch;
  let source: Tree;

  beforeAll(async () => {
    await makeDebian();
    folder = scratch('interop');
    mkdirSync(folder.join('source'));
    await applyLayer(createReadStream(debianTar), folder.join('source'));
    source = treeOf(folder.join('source'));
  });

  afterAll(() => folder?.[Symbol.dispose]());

  it('is the same when we unpack it', async () => {
    mkdirSync(folder.join('again'));
    const { blob, layer } = compressLayer(packTree(folder.join('source')), { compression: 'zstd' });
    const { diffId } = await applyLayer(blob, folder.join('again'));
    expect(diffId).toBe((await layer).diffId);
    expect(source.size).toBeGreaterThan(6000);
    expect(differences(treeOf(folder.join('again')), source)).toEqual([]);
  });

  it('is the same when GNU tar unpacks it', async () => {
    await writeFile(folder.join('packed.tar.gz'), compressLayer(packTree(folder.join('source')), { level: 1 }).blob);
    const { tree } = unpackedByTar(new Peers(folder), [folder.join('packed.tar.gz')], folder.join('tar'));
    expect(differences(tree, source)).toEqual([]);
  });

  it('differs in nothing from what was unpacked', async () => {
    const changes = diffLayer({
      before: folder.join('source'),
      after: folder.join('again'),
      content: 'compare',
    });
    let size = 0;
    for await (const piece of changes) size += piece.length;
    // The end of the archive, and nothing before it.
    expect(size).toBe(1024);
  });
});
