import { mkdir, open, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { BlobOptions, BlobSource } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import { type Digest, isDigest, parseDigest } from '../digest.ts';
import { parseJson, validate } from '../document.ts';
import { ImageSpecError } from '../error.ts';
import { type Image, loadImage } from '../image.ts';
import type { Platform } from '../platform.ts';
import { selectPlatform } from '../platform-match.ts';
import type { Expected } from '../verifier.ts';
import { BlobWriter } from './blob-writer.ts';
import { changeIndexFile, readIndexFile } from './index-file.ts';
import { cleanIngest, ingestDirectory } from './ingest.ts';
import { ownedName } from './owner.ts';
import { type Pruned, pruneBlobs } from './prune.ts';

export interface ImageLayoutOptions {
  /** Wait until a blob is on the disk before it gets its name, so that it is whole even after a power cut. Default: true. */
  readonly fsync?: boolean | undefined;
}

export interface WriteOptions {
  readonly mediaType?: string | undefined;
  readonly expect?: Expected | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An OCI image layout directory: blobs by digest, and an index of names.
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
    const layout = new ImageLayout(await realpath(directory), fsync);
    await cleanIngest(layout.directory);
    await checkVersion(layout.directory, fsync);
    return layout;
  }

  /** Where the blob is, or would be. */
  path(digest: Digest): string {
    const [algorithm = '', encoded = ''] = parseDigest(digest).split(':');
    return join(this.directory, 'blobs', algorithm, encoded);
  }

  /** Throws BLOB_MISSING, or SIZE_MISMATCH for a file that something else has cut. */
  async blob(descriptor: Descriptor, { signal, start = 0 }: BlobOptions = {}): Promise<Readable> {
    signal?.throwIfAborted();
    const file = await open(this.path(descriptor.digest)).catch((cause) => {
      throw cause.code === 'ENOENT' ? missing(descriptor.digest, this.directory, cause) : cause;
    });
    const { size } = await file.stat();
    if (size !== descriptor.size) {
      await file.close();
      const why = `the file has ${size} bytes, expected ${descriptor.size}`;
      throw new ImageSpecError('SIZE_MISMATCH', `cannot read ${descriptor.digest} in ${this.directory}: ${why}`);
    }
    const stream = file.createReadStream({ start, highWaterMark: 1024 * 1024 });
    if (signal !== undefined) stopOnAbort(stream, signal);
    return stream;
  }

  /** Whether the blob is there; given a descriptor, also whether it is as long as it should be. */
  async has(content: Digest | Descriptor): Promise<boolean> {
    const digest = typeof content === 'string' ? content : content.digest;
    const file = await stat(this.path(digest)).catch(() => undefined);
    return file?.isFile() === true && (typeof content === 'string' || file.size === content.size);
  }

  /** Verifies while writing: a blob is either whole and right, or absent. */
  async write(content: Readable | Uint8Array, options: WriteOptions = {}): Promise<Descriptor> {
    const { mediaType = 'application/octet-stream', expect, signal } = options;
    await using writer = await this.writer(expect);
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      signal?.throwIfAborted();
      await writer.write(chunk);
    }
    signal?.throwIfAborted();
    return { mediaType, ...(await writer.commit()) };
  }

  /** For content that comes in pieces, may be interrupted, or is to be read while it arrives. */
  writer(expect: Expected = {}): Promise<BlobWriter> {
    return BlobWriter.open({
      layout: this.directory,
      expect,
      pathOf: (digest) => this.path(digest),
      fsync: this.#fsync,
    });
  }

  /** Gives an image a name; an image that had it loses it. */
  async tag(name: string, descriptor: Descriptor): Promise<void> {
    const entry = { ...descriptor, annotations: { ...descriptor.annotations, [nameAnnotation]: name } };
    await changeIndexFile(this.directory, this.#fsync, (index) => ({
      ...index,
      manifests: [...index.manifests.filter((other) => nameOf(other) !== name), entry],
    }));
  }

  /** Throws NAME_UNKNOWN. The blobs stay until `prune`. */
  async untag(name: string): Promise<void> {
    await changeIndexFile(this.directory, this.#fsync, (index) => {
      const manifests = index.manifests.filter((entry) => nameOf(entry) !== name);
      if (manifests.length === index.manifests.length) throw unknown(name, index.manifests, this.directory);
      return { ...index, manifests };
    });
  }

  /** The image of a name, or of a manifest. Throws NAME_UNKNOWN, PLATFORM_MISSING, BLOB_MISSING. */
  async image(name: string | Descriptor, options: { platform?: Platform; signal?: AbortSignal } = {}): Promise<Image> {
    return loadImage(this, typeof name === 'string' ? this.#find(name, options.platform) : name, options);
  }

  /** Everything that has a name. */
  async *images(): AsyncIterableIterator<{ name: string; descriptor: Descriptor }> {
    for (const descriptor of readIndexFile(this.directory).manifests) {
      const name = nameOf(descriptor);
      if (name !== undefined) yield { name, descriptor };
    }
  }

  /**
   * Removes the blobs that no entry of the index leads to. An image that is being pulled has no entry yet:
   * `olderThan` (milliseconds, 0 unless told) spares what was written lately.
   */
  async prune({ olderThan = 0 }: { olderThan?: number } = {}): Promise<Pruned> {
    return pruneBlobs(this, readIndexFile(this.directory).manifests, olderThan);
  }

  #find(name: string, platform: Platform | undefined): Descriptor {
    const { manifests } = readIndexFile(this.directory);
    const found = manifests.filter((entry) => nameOf(entry) === name || (isDigest(name) && entry.digest === name));
    const [first] = found;
    if (first === undefined) throw unknown(name, manifests, this.directory);
    // The specification allows one name for several platforms.
    return found.length === 1 ? first : selectPlatform({ manifests: found }, platform);
  }
}

const nameAnnotation = 'org.opencontainers.image.ref.name';
const LayoutHeader = z.looseObject({ imageLayoutVersion: z.literal('1.0.0') });

/** With the reason of the signal, where Node's own way has an AbortError for every reason. */
function stopOnAbort(stream: Readable, signal: AbortSignal): void {
  const stop = () => stream.destroy(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', stop));
}

function nameOf(entry: Descriptor): string | undefined {
  return entry.annotations?.[nameAnnotation];
}

async function checkVersion(directory: string, flush: boolean): Promise<void> {
  const path = join(directory, 'oci-layout');
  const bytes = await readFile(path).catch((error) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (bytes === undefined) {
    // In one step, so that nobody, not even after a crash, finds it half written.
    const made = join(ingestDirectory(directory), ownedName());
    await writeFile(made, '{"imageLayoutVersion":"1.0.0"}', { flush });
    await rename(made, path);
    return;
  }
  try {
    validate(LayoutHeader, parseJson(bytes, path), path);
  } catch (cause) {
    throw new ImageSpecError('LAYOUT_INVALID', `cannot open ${directory}: it is not an image layout of version 1.0.0`, {
      cause,
    });
  }
}

function missing(digest: Digest, directory: string, cause: unknown): ImageSpecError {
  return new ImageSpecError('BLOB_MISSING', `cannot read ${digest}: it is not in ${directory}`, { cause });
}

function unknown(name: string, manifests: readonly Descriptor[], directory: string): ImageSpecError {
  const names = manifests.flatMap((entry) => nameOf(entry) ?? []);
  const known =
    names.length === 0
      ? 'there are no names'
      : `there are ${names.slice(0, 10).join(', ')}${names.length > 10 ? '…' : ''}`;
  return new ImageSpecError('NAME_UNKNOWN', `cannot find image ${JSON.stringify(name)} in ${directory}: ${known}`);
}
