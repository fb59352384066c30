import type { Readable } from 'node:stream';
import { type BlobSource, type Descriptor, type Digest, isDigest } from '@estiba/image-spec';
import type { Storage } from './storage.ts';

export interface StoredManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  /** What it is made of, as far as anybody can tell. */
  readonly parts: readonly Digest[];
  /** Where it says that it belongs to another manifest: to which, and as what it is listed there. */
  readonly referrer?: { readonly subject: Digest; readonly descriptor: Descriptor } | undefined;
}

export interface Blob {
  readonly size: number;
  open(start: number): Promise<Readable>;
}

/** A blob that stays where it is and is read from there when somebody asks. */
export interface LentBlob {
  readonly source: BlobSource;
  readonly descriptor: Descriptor;
}

/** What one repository has. Blobs of another one are none of its own, though the registry keeps them only once. */
export class Repository {
  readonly manifests = new Map<Digest, StoredManifest>();
  readonly tags = new Map<string, Digest>();
  readonly blobs = new Map<Digest, LentBlob | 'stored'>();

  #turn: Promise<unknown> = Promise.resolve();

  /**
   * One change after the other: which manifest a tag replaces must not become another one while that is written down.
   */
  change<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  get isEmpty(): boolean {
    return this.manifests.size === 0 && this.blobs.size === 0;
  }

  /** By tag or digest. */
  manifest(reference: string): StoredManifest | undefined {
    return this.manifests.get(isDigest(reference) ? reference : (this.tags.get(reference) ?? ('' as Digest)));
  }

  async blob(digest: Digest, storage: Storage): Promise<Blob | undefined> {
    const entry = this.blobs.get(digest);
    if (entry === undefined) return undefined;
    if (entry !== 'stored') {
      const { source, descriptor } = entry;
      return { size: descriptor.size, open: (start) => source.blob(descriptor, { start }) };
    }
    const size = await storage.size(digest);
    return size === undefined ? undefined : { size, open: (start) => storage.open(digest, size, start) };
  }

  put(manifest: StoredManifest, tags: readonly string[]): void {
    const { digest } = manifest.descriptor;
    this.manifests.set(digest, manifest);
    for (const tag of tags) this.tags.set(tag, digest);
  }

  tagsOf(digest: Digest): string[] {
    return [...this.tags].filter(([, tagged]) => tagged === digest).map(([tag]) => tag);
  }

  /** Together with its tags. */
  remove(digest: Digest): void {
    for (const tag of this.tagsOf(digest)) this.tags.delete(tag);
    this.manifests.delete(digest);
  }

  /** What says that it belongs to a manifest, whether or not that is here. */
  referrers(subject: Digest): Descriptor[] {
    return [...this.manifests.values()]
      .flatMap(({ referrer }) => (referrer?.subject === subject ? [referrer.descriptor] : []))
      .sort((a, b) => (a.digest < b.digest ? -1 : 1));
  }
}
