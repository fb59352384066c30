import { createHash, type Hash } from 'node:crypto';
import { openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { overlayNamespace } from '../overlay-namespace.ts';
import { TarReader } from '../tar/tar-reader.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { decompress } from './decompress.ts';
import { finishDirectories } from './finish-directories.ts';
import { LayerTree } from './layer-tree.ts';
import { attributesOf, LowerView } from './lower-view.ts';
import { Unpacker } from './unpacker.ts';

export interface ApplyOptions {
  /**
   * `delete`: the directory holds the layers below, and what the layer hides is removed from it. `overlay`: the
   * directory is the layer alone, and what it hides is marked as overlayfs wants it.
   */
  readonly whiteouts?: 'delete' | 'overlay';
  /** `keep` the owners of the layer (default of root), or give everything to the user who unpacks. */
  readonly owner?: 'keep' | 'self';
  /** For `overlay`: the directories of the layers below, the topmost first; entries may lean on what is there. */
  readonly lower?: readonly string[];
  /** The digest that the uncompressed layer must have, `sha256:…` or `sha512:…`. */
  readonly expect?: string;
  /** Limits on what a layer may make, in entries and bytes of content. */
  readonly maxEntries?: number;
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

export interface AppliedLayer {
  /** Digest of the uncompressed tar. */
  readonly diffId: string;
  /** Bytes of the uncompressed tar. */
  readonly size: number;
  /** Nothing of the layers below shows: the layer makes its root opaque, which overlayfs cannot express. */
  readonly opaque: boolean;
  /** What this user or file system could not have (devices, attributes), as `"name": what`. */
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
  const { signal, expect, maxEntries = 4_000_000, maxBytes = 64 * 2 ** 30 } = options;
  const { whiteouts = 'delete', owner = process.geteuid?.() === 0 ? 'keep' : 'self' } = options;
  const skipped: string[] = [];
  const namespace = overlayNamespace();
  const settings = {
    whiteouts,
    owner,
    maxEntries,
    maxBytes,
    namespace,
    onSkipped: (what: string) => skipped.push(what),
  };
  const hash = createHash(algorithmOf(expect));
  try {
    signal?.throwIfAborted();
    using lower = whiteouts === 'overlay' ? LowerView.open(options.lower ?? [], namespace) : undefined;
    using tree = new LayerTree(openDirectory(directory), lower);
    using unpacker = new Unpacker(tree, settings);
    const size = await read(layer, new TarReader(unpacker), hash, maxBytes, signal);
    unpacker.finish();
    inheritRoot(tree);
    finishDirectories(tree.root, settings);
    return { diffId: verified(hash, expect), size, opaque: tree.root.opaque, skipped };
  } finally {
    layer.destroy();
  }
}

/** The archive goes through the reader and the hash in one pass, whatever follows its end too. */
async function read(
  layer: Readable,
  reader: TarReader,
  hash: Hash,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let size = 0;
  for await (const piece of decompress(layer, signal)) {
    signal?.throwIfAborted();
    size += piece.length;
    // Headers come on top of the content: half of the limit again is more than any real archive has.
    if (size > maxBytes * 1.5 + 2 ** 20) {
      throw new UnionfsError('LAYER_TOO_LARGE', `cannot unpack the layer: it has more than ${maxBytes} bytes`);
    }
    await take(piece, reader, hash);
  }
  signal?.throwIfAborted();
  reader.finish();
  return size;
}

/** What is done without a break: making many small files takes longer than inflating the piece that holds them. */
const portion = 128 * 1024;
const breakAfter = 1.5;

/**
 * The decompressor asks this thread for more room after each piece. If it had to wait until all the files of a piece are
 * made, it and we would take turns instead of working side by side.
 */
async function take(piece: Buffer, reader: TarReader, hash: Hash): Promise<void> {
  let since = performance.now();
  for (let at = 0; at < piece.length; at += portion) {
    const part = piece.subarray(at, at + portion);
    reader.push(part);
    hash.update(part);
    if (performance.now() - since < breakAfter) continue;
    await setImmediate();
    since = performance.now();
  }
}

/** The root of the topmost layer is the root that everybody sees; one that no entry describes is that of below. */
function inheritRoot({ root, lower }: LayerTree): void {
  if (lower !== undefined && root.attributes === undefined) root.attributes = lower.look('', attributesOf);
}

function verified(hash: Hash, expect: string | undefined): string {
  const diffId = `${algorithmOf(expect)}:${hash.digest('hex')}`;
  if (expect === undefined || expect === diffId) return diffId;
  throw new UnionfsError('LAYER_MISMATCH', `cannot accept the layer: its content is ${diffId}, expected ${expect}`);
}

function algorithmOf(digest = 'sha256:'): string {
  const algorithm = digest.slice(0, digest.indexOf(':'));
  if (algorithm === 'sha256' || algorithm === 'sha512') return algorithm;
  throw new UnionfsError(
    'NAME_INVALID',
    `cannot verify the layer: ${JSON.stringify(digest)} is no sha256 or sha512 digest`,
  );
}

function openDirectory(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw new UnionfsError('LAYER_REFUSED', `cannot unpack into ${path}: it has to be a directory that exists`, {
      cause: error,
    });
  }
}
