import type { Digest } from '../digest.ts';
import type { ImageConfig } from '../image-config.ts';
import type { ImageView } from '../view/image-view.ts';
import type { Layer } from '../view/layer.ts';
import { type FileChange, type FileChangesOptions, fileChanges } from './file-changes.ts';
import { FileTree } from './file-tree.ts';
import { type LayerChange, layerChanges } from './layer-changes.ts';
import { type ReadLimits, readLayer, usualLimits } from './read-layer.ts';
import type { TarEntry } from './tar-entry.ts';
import { type ValueChange, valueChanges } from './value-changes.ts';

export interface ImageComparison {
  /** In the configs, by JSON path. What only names the layers is left out. */
  readonly config: readonly ValueChange[];
  readonly layers: readonly LayerChange[];
  /**
   * In the trees of files that the layers make, read when this is called: every layer once, nothing is unpacked. Throws
   * LAYER_INVALID, LAYER_TOO_LARGE and DIGEST_MISMATCH.
   */
  files(options?: CompareFilesOptions): AsyncIterableIterator<FileChange>;
}

export interface CompareFilesOptions extends FileChangesOptions, Partial<ReadLimits> {
  readonly signal?: AbortSignal | undefined;
}

/** What changed from one image to another, wherever their bytes are. Reads their documents. */
export async function compareImages(before: ImageView, after: ImageView): Promise<ImageComparison> {
  const [below, above] = [await layersOf(before), await layersOf(after)];
  return {
    config: valueChanges(told(await before.config), told(await after.config)),
    layers: layerChanges(below, above),
    async *files(options = {}) {
      const read = reader(options, new Set(below.map(({ diffId }) => diffId)), above);
      const [was, is] = [await treeOf(below, read, options), await treeOf(above, read, options)];
      yield* fileChanges(was, is, options);
    },
  };
}

async function layersOf(image: ImageView): Promise<Layer[]> {
  const layers: Layer[] = [];
  for await (const layer of image.layers()) layers.push(layer);
  return layers;
}

function told({ rootfs, ...config }: ImageConfig): object {
  return config;
}

type ReadEntries = (layer: Layer) => Promise<readonly TarEntry[]>;

/** What both images have is read once, and kept until then. */
function reader(
  { signal, maxEntries = usualLimits.maxEntries, maxBytes = usualLimits.maxBytes }: CompareFilesOptions,
  first: ReadonlySet<Digest>,
  second: readonly Layer[],
): ReadEntries {
  const shared = new Set(second.flatMap(({ diffId }) => (first.has(diffId) ? [diffId] : [])));
  const known = new Map<Digest, Promise<TarEntry[]>>();
  return (layer) => {
    signal?.throwIfAborted();
    const entries = known.get(layer.diffId) ?? readLayer(layer, { maxEntries, maxBytes }, signal);
    if (shared.has(layer.diffId)) known.set(layer.diffId, entries);
    return entries;
  };
}

async function treeOf(
  layers: readonly Layer[],
  read: ReadEntries,
  { maxEntries = usualLimits.maxEntries }: CompareFilesOptions,
): Promise<FileTree> {
  const tree = new FileTree({ maxNames: maxEntries });
  for (const layer of layers) tree.apply(await read(layer));
  return tree;
}
