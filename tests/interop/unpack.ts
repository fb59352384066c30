/** An image as a tree, by us and by others. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Image, ImageLayout } from '../../packages/image-spec/src/index.ts';
import { RegistryClient } from '../../packages/registry-client/src/index.ts';
import { applyLayer, SnapshotStore } from '../../packages/unionfs/src/index.ts';
import type { MadeImage } from './images/images.ts';
import type { Peers } from './peers.ts';
import { byTar, replay, type Unpack } from './replay.ts';
import { type Tree, treeOf } from './tree.ts';

export type Backend = 'erofs' | 'directory';

/**
 * Pulled, each layer taken in by the store as it arrives, and mounted: seen as a container would see it. Once more from a
 * store of the other form.
 */
export async function mounted(
  reference: string,
  directory: string,
): Promise<{ image: Image; archives: string[]; trees: Record<Backend, Tree> }> {
  const images = await ImageLayout.open(join(directory, 'images'), { fsync: false });
  const erofs = await SnapshotStore.open(join(directory, 'erofs'), { durable: false, backend: 'erofs' });
  const unpacked = await SnapshotStore.open(join(directory, 'unpacked'), { durable: false, backend: 'directory' });
  using client = new RegistryClient();
  const image = await client.pull(reference, {
    into: images,
    onLayer: async ({ chainId, parent, diffId, follow }) => {
      await erofs.commit(chainId, await follow(), { parent, diffId });
    },
  });
  let parent: string | undefined;
  for await (const layer of image.layers()) {
    const { chainId, diffId } = layer;
    await unpacked.commit(chainId, await layer.open(), { ...(parent !== undefined && { parent }), diffId });
    parent = chainId;
  }
  const archives = image.manifest.layers.map(({ digest }) => images.path(digest));
  const look = (store: SnapshotStore) => seen(store, parent, join(directory, 'mounted'));
  return { image, archives, trees: { erofs: await look(erofs), directory: await look(unpacked) } };
}

async function seen(store: SnapshotStore, parent: string | undefined, target: string): Promise<Tree> {
  const snapshot = await store.prepare('look', { ...(parent !== undefined && { parent }) });
  try {
    await using mount = await snapshot.mount(target);
    return treeOf(mount.path);
  } finally {
    await snapshot.remove();
  }
}

/** One layer after the other, or only the lowest, into one directory; what hides is applied by removing. */
export async function applied(image: Image, root: string, { layers }: { layers?: number } = {}): Promise<Tree> {
  mkdirSync(root);
  let height = 0;
  for await (const layer of image.layers()) {
    if (height++ === layers) break;
    const { skipped } = await applyLayer(await layer.open(), root, { expect: layer.diffId });
    if (skipped.length > 0) throw new Error(`skipped: ${skipped.join(', ')}`);
  }
  return treeOf(root);
}

export function unpackedByUmoci(peers: Peers, { layout, tag }: MadeImage, bundle: string): Tree {
  peers.run(['umoci', 'unpack', '--image', `${layout}:${tag}`, bundle]);
  return treeOf(join(bundle, 'rootfs'));
}

/** By GNU tar. */
export function unpackedByTar(peers: Peers, archives: readonly string[], root: string): { tree: Tree } {
  return replayed(peers, byTar, archives, root);
}

/** By a program that knows no whiteouts; these are applied for it. */
export function replayed(
  peers: Peers,
  unpack: Unpack,
  archives: readonly string[],
  root: string,
): { tree: Tree; layers: number } {
  mkdirSync(root);
  const layers = replay(peers, unpack, archives, root);
  return { tree: treeOf(root), layers };
}
