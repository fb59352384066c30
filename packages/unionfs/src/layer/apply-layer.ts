import type { Readable } from 'node:stream';
import { open, perform } from '@estiba/syscalls';
import { overlayNamespace } from '../overlay-namespace.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { finishDirectories } from './finish-directories.ts';
import { LayerTree, undescribed } from './layer-tree.ts';
import { Limits, usual } from './limits.ts';
import { attributesOf, LowerView } from './lower-view.ts';
import { type Owner, shiftOf } from './owners.ts';
import { algorithmOf, readLayer } from './read-layer.ts';
import { Skipped } from './skipped.ts';
import { type Taken, takeOverOpened } from './take-over.ts';
import { Unpacker } from './unpacker.ts';

export interface ApplyOptions {
  /**
   * `delete`: the directory holds the layers below, and what the layer hides is removed from it. `overlay`: the
   * directory is the layer alone, and what it hides is marked as overlayfs wants it.
   */
  readonly whiteouts?: 'delete' | 'overlay';
  /**
   * `keep` the owners of the layer (default of root), or give everything to the user who unpacks (`self`), or shift them:
   * what `rootlessIdMaps` of @estiba/namespaces returns will do.
   */
  readonly owner?: Owner;
  /** For `overlay`: the directories of the layers below, the topmost first; entries may lean on what is there. */
  readonly lower?: readonly string[];
  /** The digest that the uncompressed layer must have, `sha256:…` or `sha512:…`. */
  readonly expect?: string;
  /**
   * Limits on what a layer may make: entries, with the directories on their ways that have none, 1 million unless told (each
   * takes up to a kilobyte of memory until the layer is complete),
   */
  readonly maxEntries?: number;
  /** and bytes of content, 64 GiB unless told. The holes of sparse files do not count. */
  readonly maxBytes?: number;
  /** How much larger than compressed it may be, 1000 times unless told; the first GiB is free. */
  readonly maxRatio?: number;
  /**
   * Give away the memory of what the stream delivers, as by postMessage(): for a stream whose pieces nobody else holds. It is
   * released as soon as it has been read, which saves a third of the time of a large layer in collections.
   */
  readonly transfer?: boolean;
  readonly signal?: AbortSignal;
}

export interface AppliedLayer {
  /** Digest of the uncompressed tar. */
  readonly diffId: string;
  /** Bytes of the uncompressed tar. */
  readonly size: number;
  /** Nothing of the layers below shows: the layer makes its root opaque, which overlayfs cannot express. */
  readonly opaque: boolean;
  /** What this user or file system could not have (devices, attributes), as `"name": what`; of more than 10,000 the last line tells how many. */
  readonly skipped: readonly string[];
}

/**
 * Unpack one layer into an existing directory: tar, plain or compressed by gzip or zstd.
 * https://github.com/opencontainers/image-spec/blob/main/layer.md#applying-changesets
 *
 * No entry can reach outside the directory: every path is resolved by the kernel, name by name, without following links.
 * Needs Linux 5.6; root for owners, devices and file capabilities. Throws a UnionfsError, whose `entry` says where; the
 * directory is then in an undefined state (SnapshotStore keeps that to itself). An abort throws the signal's reason.
 */
export async function applyLayer(
  layer: Readable,
  directory: string,
  options: ApplyOptions = {},
): Promise<AppliedLayer> {
  const { signal, transfer, expect } = options;
  const { maxEntries = usual.maxEntries, maxBytes = usual.maxBytes, maxRatio = usual.maxRatio } = options;
  const { whiteouts = 'delete', owner = process.geteuid?.() === 0 ? 'keep' : 'self' } = options;
  const shift = shiftOf(owner);
  const limits = new Limits({ maxEntries, maxBytes });
  const skipped = new Skipped();
  const namespace = overlayNamespace();
  const settings = {
    whiteouts,
    owner: owner === 'self' ? owner : ('keep' as const),
    shift,
    limits,
    namespace,
    skipped,
    signal,
  };
  const reading = { expect, maxBytes, maxRatio, signal, transfer };
  algorithmOf(expect);
  try {
    signal?.throwIfAborted();
    using lower = whiteouts === 'overlay' ? LowerView.open(options.lower ?? [], namespace) : undefined;
    using tree = new LayerTree({ ...openRoot(directory), lower, limits, undescribed: shift(undescribed) });
    using unpacker = new Unpacker(tree, settings);
    const { diffId, size } = await readLayer(layer, unpacker, reading);
    unpacker.finish();
    if (whiteouts === 'overlay') tree.root.attributes ??= lower?.look('', attributesOf) ?? shift(undescribed);
    finishDirectories(tree.root, settings);
    return { diffId, size, opaque: tree.root.opaque, skipped: skipped.messages };
  } finally {
    layer.destroy();
  }
}

/** Whatever its mode is, as long as it is ours. */
function openRoot(path: string): Taken {
  try {
    const opened = open(path, ['path', 'directory']);
    using standIn = perform([opened], { keep: [opened] }).fd(opened);
    return takeOverOpened(standIn.number);
  } catch (error) {
    throw new UnionfsError('LAYER_REFUSED', `cannot unpack into ${path}: it has to be a directory that exists`, {
      cause: error,
    });
  }
}
