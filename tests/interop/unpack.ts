/** An image as a tree, by us and by others. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Image, ImageLayout } from '../../packages/image-spec/src/index.ts';
import { RegistryClient } from '../../packages/registry-client/src/index.ts';
import { applyLayer, SnapshotStore } from '../../packages/unionfs/src/index.ts';
import type { MadeImage } from './images/images.ts';
import type { Peers } from './peers.ts';
import { type Tree, treeOf } from './tree.ts';

/** Pulled, each layer unpacked by the store as it arrives, and mounted: seen as a container would see it. */
export async function mounted(
  reference: string,
  directory: string,
): Promise<{ image: Image; archives: string[]; tree: Tree }> {
  const images = await ImageLayout.open(join(directory, 'images'), { fsync: false });
  const store = await SnapshotStore.open(join(directory, 'store'), { durable: false });
  using client = new RegistryClient();
  const image = await client.pull(reference, {
    into: images,
    onLayer: async ({ chainId, parent, diffId, follow }) => {
      await store.commit(chainId, await follow(), { parent, diffId });
    },
  });
  const snapshot = await store.prepare('look', { parent: await topOf(image) });
  await using mount = await snapshot.mount(join(directory, 'mounted'));
  const archives = image.manifest.layers.map(({ digest }) => images.path(digest));
  return { image, archives, tree: treeOf(mount.path) };
}

/** One layer after the other, or only the lowest, into one directory; what hides is applied by removing. */
export async function applied(
  image: Image,
  root: string,
  { layers = Number.POSITIVE_INFINITY }: { readonly layers?: number } = {},
): Promise<Tree> {
  mkdirSync(root);
  let height = 0;
  for await (const layer of image.layers()) {
    if (++height > layers) break;
    const { skipped } = await applyLayer(await layer.open(), root, { expect: layer.diffId });
    if (skipped.length > 0) throw new Error(`skipped: ${skipped.join(', ')}`);
  }
  return treeOf(root);
}

export function unpackedByUmoci(peers: Peers, { layout, tag }: MadeImage, bundle: string): Tree {
  peers.run(['umoci', 'unpack', '--image', `${layout}:${tag}`, bundle]);
  return treeOf(join(bundle, 'rootfs'));
}

/** GNU tar knows no whiteouts: it can only have the lowest layers, up to the first that hides something. */
export function unpackedByTar(peers: Peers, archives: readonly string[], root: string): { tree: Tree; layers: number } {
  mkdirSync(root);
  const hiding = archives.findIndex((archive) => /^(.*\/)?\.wh\./m.test(peers.run(['tar', '-tf', archive])));
  const plain = hiding === -1 ? archives : archives.slice(0, hiding);
  const keep = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--same-owner', '--preserve-permissions'];
  // Without it tar sets the time of a directory when it comes to the next, and then writes into it once more.
  keep.push('--delay-directory-restore');
  for (const archive of plain) {
    peers.run(['tar', ...keep, '-C', root, '-xf', archive]);
  }
  return { tree: treeOf(root), layers: plain.length };
}

async function topOf(image: Image): Promise<string | undefined> {
  let top: string | undefined;
  for await (const { chainId } of image.layers()) top = chainId;
  return top;
}
