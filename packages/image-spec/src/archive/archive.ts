import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { BlobOptions, BlobSource } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { maxDocumentBytes } from '../document.ts';
import { ImageSpecError } from '../error.ts';
import { type Image, loadImage } from '../image.ts';
import type { Platform } from '../platform.ts';
import { selectPlatform } from '../platform-match.ts';
import type { ArchivedImage, ArchiveFormat } from './archived-image.ts';
import { ArchivedNames } from './archived-names.ts';
import { bytesOfFile } from './bytes.ts';
import { compressionOf, magicBytes } from './compression.ts';
import type { Contents, Member } from './contents.ts';
import { findImages } from './images.ts';
import { isRegularFile } from './in-place.ts';
import { type ArchiveLimits, archiveLimits, invalid, readMembers } from './members.ts';
import { promisedDigest } from './oci-images.ts';
import { measurePart, type Part, partBytes, readPart } from './part.ts';
import { stoppable } from './stoppable.ts';

export interface OpenArchiveOptions {
  /** What Docker writes since version 25 is both, and has to be the same in both forms; this says which one counts. */
  readonly format?: ArchiveFormat | undefined;
  readonly limits?: Partial<ArchiveLimits> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An archive in a file, as `docker save`, `podman save` and `skopeo` write it, whose blobs are read where they lie. Like every
 * source it gives what is there; whoever reads verifies.
 */
export class Archive implements BlobSource, AsyncDisposable {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #parts = new Map<Digest, Part>();
  #made: ReadonlyMap<Digest, Buffer> = new Map();
  #images: readonly ArchivedImage[] = [];

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /**
   * Throws ARCHIVE_INVALID, ARCHIVE_TRUNCATED, ARCHIVE_TOO_LARGE, ARCHIVE_COMPRESSED for one that is compressed as a whole, and
   * the errors of the documents in it.
   */
  static async open(path: string, { format, limits, signal }: OpenArchiveOptions = {}): Promise<Archive> {
    if (!(await isRegularFile(path)))
      throw invalid(path, 'it is no file to be read at any place; import it by readArchive');
    const archive = new Archive(path, await open(path));
    try {
      const { images, made } = await findImages(await archive.#scan({ ...archiveLimits, ...limits }, signal), format);
      archive.#images = images;
      archive.#made = made;
      return archive;
    } catch (error) {
      await archive.#file.close();
      throw error;
    }
  }

  get images(): readonly ArchivedImage[] {
    return this.#images;
  }

  /** Throws BLOB_MISSING, SIZE_MISMATCH. */
  async blob(descriptor: Descriptor, { signal, start = 0 }: BlobOptions = {}): Promise<Readable> {
    signal?.throwIfAborted();
    const { Readable } = process.getBuiltinModule('node:stream');
    const { digest } = descriptor;
    const made = this.#made.get(digest);
    const part = made === undefined ? this.#parts.get(digest) : { offset: 0, size: made.length };
    if (part === undefined) {
      throw new ImageSpecError('BLOB_MISSING', `cannot read ${digest}: it is not in ${this.path}`);
    }
    if (part.size !== descriptor.size) {
      const why = `it has ${part.size} bytes there, expected ${descriptor.size}`;
      throw new ImageSpecError('SIZE_MISMATCH', `cannot read ${digest} in ${this.path}: ${why}`);
    }
    const content = made === undefined ? readPart(this.#file, part, { start, signal }) : [made.subarray(start)];
    return Readable.from(content, { objectMode: false });
  }

  /** The image of a name or a manifest; of the only image, if nothing is told. Throws NAME_UNKNOWN, PLATFORM_MISSING. */
  async image(name?: string | Descriptor, options: { platform?: Platform; signal?: AbortSignal } = {}): Promise<Image> {
    return loadImage(this, typeof name === 'object' ? name : this.#find(name, options.platform), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  #find(name: string | undefined, platform: Platform | undefined): Descriptor {
    const found = this.#images.filter(({ names }) => name === undefined || names.includes(name));
    const [first, ...others] = found.map(({ descriptor }) => descriptor);
    if (first !== undefined && others.length === 0) return first;
    // An image layout may have a name for several platforms.
    if (first !== undefined && name !== undefined) return selectPlatform({ manifests: [first, ...others] }, platform);
    const names = this.#images.flatMap((image) => image.names);
    const what = name === undefined ? 'the image' : `image ${JSON.stringify(name)}`;
    const why = `there are ${this.#images.length} images, called ${names.slice(0, 10).join(', ')}`;
    throw new ImageSpecError('NAME_UNKNOWN', `cannot find ${what} in ${this.path}: ${why}`);
  }

  async #scan(limits: ArchiveLimits, signal: AbortSignal | undefined): Promise<Contents> {
    const { size } = await this.#file.stat();
    await this.#refuseCompressed();
    const names = new ArchivedNames<Part>(this.path);
    for await (const member of readMembers(bytesOfFile(this.#file, size, this.path), this.path, limits)) {
      signal?.throwIfAborted();
      if (member.type === 'link') {
        names.addLink(member);
        continue;
      }
      names.addFile(member, member);
      const digest = promisedDigest(member.name);
      if (digest !== undefined) this.#parts.set(digest, member);
    }
    return {
      place: this.path,
      source: stoppable(this, signal),
      has: (name) => names.has(name),
      document: async (name) => this.#document(name, names.get(name)),
      member: async (name) => this.#member(names.get(name), signal),
    };
  }

  async #refuseCompressed(): Promise<void> {
    const compression = compressionOf(await partBytes(this.#file, { offset: 0, size: magicBytes }));
    if (compression === 'none') return;
    const why = `it is compressed with ${compression}; import it by readArchive, or decompress it first`;
    throw new ImageSpecError('ARCHIVE_COMPRESSED', `cannot read in ${this.path}: ${why}`);
  }

  async #document(name: string, part: Part): Promise<Buffer> {
    if (part.size <= maxDocumentBytes) return partBytes(this.#file, part);
    throw documentTooLarge(name, part.size, this.path);
  }

  async #member(part: Part, signal: AbortSignal | undefined): Promise<Member> {
    return {
      size: part.size,
      start: await partBytes(this.#file, { offset: part.offset, size: Math.min(part.size, magicBytes) }),
      digest: async (claimed) => {
        const digest = claimed ?? (await measurePart(this.#file, part, { signal }));
        this.#parts.set(digest, part);
        return digest;
      },
    };
  }
}

/** Opens an archive without importing it. See `Archive`. */
export function openArchive(path: string, options: OpenArchiveOptions = {}): Promise<Archive> {
  return Archive.open(path, options);
}

export function documentTooLarge(name: string, size: number, place: string): ImageSpecError {
  const why = `${size} bytes, at most ${maxDocumentBytes} are read`;
  return new ImageSpecError('DOCUMENT_TOO_LARGE', `cannot read ${name} of ${place}: ${why}`);
}
