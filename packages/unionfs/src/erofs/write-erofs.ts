import type { Readable } from 'node:stream';
import type { AppliedLayer } from '../layer/apply-layer.ts';
import { Breaks } from '../layer/breaks.ts';
import type { IdMaps } from '../layer/id-maps.ts';
import { undescribed } from '../layer/layer-tree.ts';
import { Limits, usual } from '../layer/limits.ts';
import { LowerView } from '../layer/lower-view.ts';
import { shiftOf } from '../layer/owners.ts';
import { readLayer } from '../layer/read-layer.ts';
import { overlayNamespace } from '../overlay-namespace.ts';
import { ImageFile } from './image-file.ts';
import { archiveStart, imageHeader } from './image-header.ts';
import { arrangeIndex, writeIndex } from './image-index.ts';
import { ImageTree } from './image-tree.ts';
import { Indexer } from './indexer.ts';
import { checkedAttributes } from './xattrs.ts';

export interface ErofsOptions {
  /** The directories of the layers below, the topmost first; entries may lean on what is there. */
  readonly lower?: readonly string[];
  /** Shift the owners, as of `applyLayer`: those that the kernel shows. The archive stays as it is. */
  readonly owner?: IdMaps;
  /** The digest that the uncompressed layer must have, `sha256:…` or `sha512:…`. */
  readonly expect?: string;
  /**
   * Limits on what a layer may make: entries, with the directories on their ways that have none, 1 million unless told (each
   * takes up to a kilobyte of memory until the image is complete),
   */
  readonly maxEntries?: number;
  /** and bytes of content, 64 GiB unless told. The holes of sparse files do not count. */
  readonly maxBytes?: number;
  /** How much larger than compressed it may be, 1000 times unless told; the first GiB is free. */
  readonly maxRatio?: number;
  /** Wait until all of it is on the disk; its beginning, without which it is none, goes there last. */
  readonly durable?: boolean;
  /** As of `applyLayer`. */
  readonly transfer?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Make one layer a file system in a new file, without unpacking it: the uncompressed tar as it is, and behind it an index
 * that lets the kernel read it in place. Mounted (`erofsTree`) it shows what `applyLayer` makes with `whiteouts: 'overlay'`.
 * https://docs.kernel.org/filesystems/erofs.html
 *
 * Writing needs no privileges, but with `lower` those that reading there needs. Throws a UnionfsError, whose `entry` says
 * where; an abort throws the signal's reason. There is no file then; of a process that is killed there may be one, which cannot
 * be mounted.
 */
export async function writeErofs(layer: Readable, path: string, options: ErofsOptions = {}): Promise<AppliedLayer> {
  const { signal, expect, transfer, durable = false } = options;
  const { maxEntries = usual.maxEntries, maxBytes = usual.maxBytes, maxRatio = usual.maxRatio } = options;
  const shift = shiftOf(options.owner ?? 'keep');
  try {
    signal?.throwIfAborted();
    using lower = LowerView.open(options.lower ?? [], overlayNamespace());
    using file = ImageFile.create(path);
    const limits = new Limits({ maxEntries, maxBytes });
    const tree = new ImageTree(lower, limits, checkedAttributes('directory', shift(undescribed)));
    const indexer = new Indexer(tree, { limits, shift, start: archiveStart });
    let end = archiveStart;
    const copy = (bytes: Buffer) => {
      file.write(bytes, end);
      end += bytes.length;
    };
    const reading = { expect, maxBytes, maxRatio, signal, transfer, copy };
    const origin = await readLayer(layer, indexer, reading);
    indexer.finish();
    const index = arrangeIndex(indexer.tree.root, indexer.appendix.arrange(end));
    const breaks = new Breaks(signal);
    await indexer.appendix.write(file, breaks);
    await writeIndex(file, index, breaks);
    signal?.throwIfAborted();
    if (durable) await file.sync();
    file.complete(index.end, imageHeader(origin, index));
    if (durable) await file.sync();
    file.keep();
    return { ...origin, opaque: indexer.tree.root.isOpaque, skipped: indexer.skipped.messages };
  } finally {
    layer.destroy();
  }
}
