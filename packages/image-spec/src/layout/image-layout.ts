import { mkdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { BlobOptions, BlobSource } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { type Image, loadImage } from '../image.ts';
import type { Platform } from '../platform.ts';
import type { Expected } from '../verifier.ts';
import { readBlob } from './blob-reader.ts';
import { BlobWriter } from './blob-writer.ts';
import { cleanLayout } from './cleaning.ts';
import { checkLayout, type FsckOptions } from './fsck.ts';
import { ensureHeader } from './header.ts';
import { readIndexFile } from './index-file.ts';
import { ingest } from './ingest.ts';
import type { LayoutProblem } from './layout-problem.ts';
import { type Lease, openLease } from './lease.ts';
import { addName, findName, nameOf, removeName } from './names.ts';
import { blobPath, ingestDirectory, leaseDirectory } from './places.ts';
import { type Pruned, type PruneOptions, pruneBlobs } from './prune.ts';
import { type LayoutUsage, layoutUsage } from './usage.ts';

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
 * https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export class ImageLayout implements BlobSource {
  readonly directory: string;
  readonly #fsync: boolean;

  private constructor(directory: string, fsync: boolean) {
    this.directory = directory;
    this.#fsync = fsync;
  }

  /** Opens a layout and makes it if there is none. Throws LAYOUT_INVALID for one of another version. */
  static async open(directory: string, { fsync = true }: ImageLayoutOptions = {}): Promise<ImageLayout> {
    await mkdir(join(directory, 'blobs', 'sha256'), { recursive: true });
    await mkdir(ingestDirectory(directory), { recursive: true });
    await mkdir(leaseDirectory(directory), { recursive: true });
    const layout = new ImageLayout(await realpath(directory), fsync);
    await cleanLayout(layout.directory);
    await ensureHeader(layout.directory, fsync);
    return layout;
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
    await using writer = await this.writer(expect, { lease });
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      signal?.throwIfAborted();
      await writer.write(chunk);
    }
    signal?.throwIfAborted();
    return { mediaType, ...(await writer.commit()) };
  }

  /** For content that comes in pieces, may be interrupted, or is to be read while it arrives. */
  writer(
    expect: Expected = {},
    { lease }: { readonly lease?: Pick<Lease, 'add'> | undefined } = {},
  ): Promise<BlobWriter> {
    return BlobWriter.open({ layout: this.directory, expect, fsync: this.#fsync, lease });
  }

  /**
   * As `writer`, for a content that should not be fetched twice: on this machine there is one such writer for each digest, and it
   * goes on where an earlier one, of this process or one that has ended, was given up: the first `writer.size` bytes are there and
   * have been hashed again. Waits for another process that has begun. Undefined once the blob is in the layout.
   */
  ingest(descriptor: Descriptor, { signal, lease }: IngestOptions = {}): Promise<BlobWriter | undefined> {
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
  lease(): Promise<Lease> {
    return openLease(this.directory);
  }

  /** Gives an image a name; an image that had it loses it. */
  tag(name: string, descriptor: Descriptor): Promise<void> {
    return addName(this.directory, this.#fsync, name, descriptor);
  }

  /** Throws NAME_UNKNOWN. The blobs stay until `prune`. */
  untag(name: string): Promise<void> {
    return removeName(this.directory, this.#fsync, name);
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
  prune(options: PruneOptions = {}): Promise<Pruned> {
    return pruneBlobs(this, options);
  }

  /** Reads all of it, and tells everything that is wrong. Changes nothing unless told to `remove` wrong blobs and stray files. */
  fsck(options: FsckOptions = {}): Promise<LayoutProblem[]> {
    return checkLayout(this, options);
  }

  /** How much room the images take. */
  usage(): Promise<LayoutUsage> {
    return layoutUsage(this);
  }
}
