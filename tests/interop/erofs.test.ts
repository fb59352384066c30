/** Images of layers, read by programs that are not ours. */
import { createReadStream, mkdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { beforeAll, expect, it } from 'vitest';
import { archive } from '../../packages/testkit/src/archive.ts';
import { requires, type Scratch, scratch } from '../../packages/testkit/src/index.ts';
import { applyLayer, writeErofs } from '../../packages/unionfs/src/index.ts';
import { everyKind } from '../../packages/unionfs/test/erofs/every-kind.ts';
import { mounted } from '../../packages/unionfs/test/erofs/mounted.ts';
import { differences } from './compare.ts';
import { debianTar, makeDebian } from './debian-root.ts';
import { type ErofsUtils, fetchErofsUtils } from './erofs-utils.ts';
import { Peers } from './peers.ts';
import { type Tree, treeOf } from './tree.ts';

const command = ['debootstrap', 'apt-get', 'dpkg-deb'];

const capability = 'xattr security.capability';

requires({ on: ['host'], root: true, kernel: '6.12', command })('an image of a layer', () => {
  let utils: ErofsUtils;

  beforeAll(async () => {
    await makeDebian();
    utils = await fetchErofsUtils();
  });

  it('with every kind of entry is, to fsck.erofs, without a fault and the tree that the kernel shows', async () => {
    using folder = scratch('interop');
    await writeErofs(Readable.from([archive(...everyKind())]), folder.join('image'));
    using image = mounted(folder.join('image'));
    const found = differences(treeOf(image.path), extracted(folder, utils));
    // It sets them before the owner, which takes capabilities away. chown(2)
    const ours = treeOf(image.path).get('capable')?.[capability];
    expect(found).toEqual([{ path: 'capable', field: capability, ours, theirs: undefined }]);
  });

  it('with a whole Debian is to fsck.erofs, to the kernel and unpacked the same tree', async () => {
    using folder = scratch('interop');
    mkdirSync(folder.join('unpacked'));
    await applyLayer(createReadStream(debianTar), folder.join('unpacked'));
    await writeErofs(createReadStream(debianTar), folder.join('image'));
    using image = mounted(folder.join('image'));
    const tree = treeOf(image.path);
    expect(tree.size).toBeGreaterThan(6000);
    expect(differences(tree, treeOf(folder.join('unpacked')))).toEqual([]);
    expect(differences(tree, extracted(folder, utils))).toEqual([]);
  });
});

function extracted(folder: Scratch, { fsck }: ErofsUtils): Tree {
  const place = folder.join('extracted');
  new Peers(folder).run([fsck, `--extract=${place}`, '--xattrs', '--preserve', folder.join('image')]);
  return treeOf(place);
}
