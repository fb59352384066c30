import { realpath, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { BlobOptions, BlobSource } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { ImageSpecError } from '../error.ts';
import { type Image, loadImage } from '../image.ts';
import type { Platform } from '../platform.ts';
import type { Expected } from '../verifier.ts';
import { readBlob, stopOnAbort } from './blob-reader.ts';
import { BlobWriter } from './blob-writer.ts';
import { cleanLayout } from './cleaning.ts';
import { checkLayout, type FsckOptions } from './fsck.ts';
import { ensureHeader, hasHeader } from './header.ts';
import { ensureIndexFile, readIndexFile } from './index-file.ts';
import { ingest } from './ingest.ts';
import type { LayoutProblem } from './layout-problem.ts';
import { type Lease, type LeaseOptions, obeying, openLease } from './lease.ts';
import { addNames, findName, type NameOptions, nameOf, removeName } from './names.ts';
import { blobPath } from './places.ts';
import { type Pruned, type PruneOptions, pruneBlobs } from './prune.ts';
import { type LayoutUsage, layoutUsage } from './usage.ts';
import { makeWritable } from './writable.ts';

export interface ImageLayoutOptions {
  /** Wait until a blob is on the disk before it gets its name, so that it is whole even after a power cut. Default: true. */
  readonly fsync?: boolean | undefined;
}

export interface IngestOptions {
  readonly signal?: AbortSignal | undefined;
  /** Gets the digest before anybody could find the blob and remove it. */
  readonly lease?: Pick<Lease, 'add'> | undefined;
}

export interface WriteOptions extends IngestOptions {
  readonly mediaType?: string | undefined;
  readonly expect?: Expected | undefined;
}

/**
 * An OCI image layout directory: blobs by digest, and an index of names. Any number of processes may use one at the same time.
 * One that may not be changed can be read; whatever would write throws LAYOUT_READ_ONLY.
 * https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export class ImageLayout implements BlobSource {
  readonly directory: string;
  readonly #fsync: boolean;
  #isWritable: boolean;

  private constructor(directory: string, fsync: boolean, isWritable: boolean) {
    this.directory = directory;
    this.#fsync = fsync;
    this.#isWritable = isWritable;
  }

  /** Opens a layout and makes it if there is none. Throws LAYOUT_INVALID for one of another version, LAYOUT_READ_ONLY. */
  static async open(directory: string, { fsync = true }: ImageLayoutOptions = {}): Promise<ImageLayout> {
    const isWritable = await prepare(directory, fsync);
    return new ImageLayout(await realpath(directory), fsync, isWritable);
  }

  /** Where the blob is, or would be. */
  path(digest: Digest): string {
    return blobPath(this.directory, digest);
  }

  /** Throws BLOB_MISSING, or SIZE_MISMATCH for a file that something else has cut. */
  blob(descriptor: Descriptor, options: BlobOptions = {}): Promise<Readable> {
    return readBlob(this.directory, descriptor, options);
  }

  /** Whether the blob is there; given a descriptor, also whether it is as long as it should be. */
  async has(content: Digest | Descriptor): Promise<boolean> {
    const digest = typeof content === 'string' ? content : content.digest;
    const file = await stat(this.path(digest)).catch(() => undefined);
    return file?.isFile() === true && (typeof content === 'string' || file.size === content.size);
  }

  /** Verifies while writing: a blob is either whole and right, or absent. */
  async write(content: Readable | Uint8Array, options: WriteOptions = {}): Promise<Descriptor> {
    const { mediaType = 'application/octet-stream', expect, signal, lease } = options;
    await using writer = await this.writer(expect, { lease: lease && obeying(lease, signal) });
    // It may be waiting for what never comes.
    if (signal !== undefined && !(content instanceof Uint8Array)) stopOnAbort(content, signal);
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      signal?.throwIfAborted();
      await writer.write(chunk);
    }
    signal?.throwIfAborted();
    return { mediaType, ...(await writer.commit()) };
  }

  /** For content that comes in pieces, may be interrupted, or is to be read while it arrives. */
  async writer(
    expect: Expected = {},
    { lease }: { readonly lease?: Pick<Lease, 'add'> | undefined } = {},
  ): Promise<BlobWriter> {
    await this.#beWritable();
    return BlobWriter.open({ layout: this.directory, expect, fsync: this.#fsync, lease });
  }

  /**
   * As `writer`, for a content that should not be fetched twice: on this machine there is one such writer for each digest, and it
   * goes on where an earlier one, of this process or one that has ended, was given up: the first `writer.size` bytes are there and
   * have been hashed again. Waits for another process that has begun. Undefined once the blob is in the layout.
   */
  async ingest(descriptor: Descriptor, { signal, lease }: IngestOptions = {}): Promise<BlobWriter | undefined> {
    await this.#beWritable();
    return ingest({
      layout: this.directory,
      expect: descriptor,
      fsync: this.#fsync,
      lease,
      signal,
      has: (content) => this.has(content),
    });
  }

  /** Keeps blobs that have no name yet from being pruned, by this process or any other. */
  async lease(options: LeaseOptions = {}): Promise<Lease> {
    await this.#beWritable();
    return openLease(this.directory, options);
  }

  /** Gives an image a name, or several that are for different platforms; an image that had it loses it. */
  async tag(
    name: string,
    descriptor: Descriptor | readonly [Descriptor, ...Descriptor[]],
    options: NameOptions = {},
  ): Promise<void> {
    await this.#beWritable();
    const names = new Map([[name, 'digest' in descriptor ? [descriptor] : descriptor]]);
    await addNames(this.directory, names, { ...options, fsync: this.#fsync });
  }

  /** Throws NAME_UNKNOWN. The blobs stay until `prune`. */
  async untag(name: string, options: NameOptions = {}): Promise<void> {
    await this.#beWritable();
    await removeName(this.directory, name, { ...options, fsync: this.#fsync });
  }

  /** The image of a name, or of a manifest. Throws NAME_UNKNOWN, PLATFORM_MISSING, BLOB_MISSING. */
  async image(name: string | Descriptor, options: { platform?: Platform; signal?: AbortSignal } = {}): Promise<Image> {
    const descriptor = typeof name === 'string' ? findName(this.directory, name, options.platform) : name;
    return loadImage(this, descriptor, options);
  }

  /** Everything that has a name. */
  async *images(): AsyncIterableIterator<{ name: string; descriptor: Descriptor }> {
    for (const descriptor of readIndexFile(this.directory).manifests) {
      const name = nameOf(descriptor);
      if (name !== undefined) yield { name, descriptor };
    }
  }

  /**
   * Removes the blobs that no entry of the index leads to, and nobody has leased. What is written without a lease, by another
   * program for example, is safe only from the moment it is in the index: `olderThan` spares what is new.
   */
  async prune(options: PruneOptions = {}): Promise<Pruned> {
    await this.#beWritable();
    return pruneBlobs(this, options);
  }

  /** Reads all of it, and tells everything that is wrong. Changes nothing unless told to `remove` wrong blobs and stray files. */
  async fsck(options: FsckOptions = {}): Promise<LayoutProblem[]> {
    if (options.remove === true) await this.#beWritable();
    return checkLayout(this, options);
  }

  /** How much room the images take. */
  usage(): Promise<LayoutUsage> {
    return layoutUsage(this);
  }

  /** Asked again as long as it is not: it may have become so. */
  async #beWritable(): Promise<void> {
    if (!this.#isWritable) await makeWritable(this.directory);
    this.#isWritable = true;
  }
}

/** Whether it may be changed. */
async function prepare(directory: string, fsync: boolean): Promise<boolean> {
  try {
    await makeWritable(directory);
  } catch (error) {
    const isReadOnly = error instanceof ImageSpecError && error.code === 'LAYOUT_READ_ONLY';
    if (!isReadOnly || !(await hasHeader(directory))) throw error;
    return false;
  }
  await cleanLayout(directory);
  await ensureHeader(directory, fsync);
  await ensureIndexFile(directory, fsync);
  return true;
}
