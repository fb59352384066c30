import { type BlobSource, readDocument } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import { maxDocumentBytes } from '../document.ts';
import { ImageSpecError } from '../error.ts';
import type { ImageLayout } from '../layout/image-layout.ts';
import type { Lease } from '../layout/lease.ts';
import { documentTooLarge } from './archive.ts';
import { ArchivedNames } from './archived-names.ts';
import { magicBytes } from './compression.ts';
import type { Contents, Member } from './contents.ts';
import type { FileMember, LinkMember } from './members.ts';
import { promisedDigest } from './oci-images.ts';
import { stoppable } from './stoppable.ts';

export interface StagedOptions {
  readonly into: ImageLayout;
  readonly lease: Pick<Lease, 'add'>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An archive that comes by a stream: what says which members are layers may come after them. So every member becomes a blob of
 * the layout as it comes, and what proves not to belong to an image goes again.
 */
export class Staged implements Contents {
  readonly place: string;
  readonly source: BlobSource;
  readonly #options: StagedOptions;
  readonly #names: ArchivedNames<StagedMember>;

  constructor(place: string, options: StagedOptions) {
    this.place = place;
    this.source = stoppable(options.into, options.signal);
    this.#options = options;
    this.#names = new ArchivedNames(place);
  }

  async take(member: FileMember | LinkMember): Promise<void> {
    if (member.type === 'link') this.#names.addLink(member);
    else this.#names.addFile(member, await this.#write(member));
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  async document(name: string): Promise<Buffer> {
    const { descriptor } = this.#names.get(name);
    if (descriptor.size > maxDocumentBytes) throw documentTooLarge(name, descriptor.size, this.place);
    return readDocument(this.source, descriptor);
  }

  async member(name: string): Promise<Member> {
    const { descriptor, start } = this.#names.get(name);
    return {
      size: descriptor.size,
      start,
      digest: async (claimed) => {
        if (claimed === undefined || claimed === descriptor.digest) return descriptor.digest;
        const why = `${name} of ${this.place} has ${descriptor.digest}`;
        throw new ImageSpecError('DIGEST_MISMATCH', `cannot accept ${claimed}: ${why}`);
      },
    };
  }

  async #write({ name, content }: FileMember): Promise<StagedMember> {
    const { into, lease, signal } = this.#options;
    const promised = promisedDigest(name);
    await using writer = await into.writer(promised === undefined ? {} : { digest: promised }, { lease });
    let start: Buffer = Buffer.alloc(0);
    for await (const chunk of content()) {
      signal?.throwIfAborted();
      if (start.length < magicBytes) start = Buffer.concat([start, chunk.subarray(0, magicBytes)]);
      await writer.write(chunk);
    }
    return { descriptor: { mediaType: 'application/octet-stream', ...(await writer.commit()) }, start };
  }
}

interface StagedMember {
  readonly descriptor: Descriptor;
  readonly start: Uint8Array;
}
