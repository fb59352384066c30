import { type Digest, isDigest } from '@estiba/image-spec';
import type { Catalog } from './catalog.ts';
import type { Rules } from './contents.ts';
import { type Exchange, reply } from './exchange.ts';
import { Refusal } from './refusal.ts';
import type { Storage } from './storage.ts';
import { Upload } from './upload.ts';

/**
 * Blobs on their way in:
 *
 *     POST …/uploads/ ──> 202 Location: …/uploads/<id>?state=0
 *     PATCH …/<id>?state=0    Content-Range: 0-99 ──> 202 Location: …/<id>?state=100, Range: 0-99
 *     PUT   …/<id>?state=100&digest=sha256:… ──> 201 Location: …/blobs/sha256:…
 *
 * The address of the next step has to be taken from the answer to the one before, as with large registries.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs
 */
export class Uploads {
  readonly #catalog: Catalog;
  readonly #storage: Storage;
  readonly #rules: Rules;
  readonly #uploads = new Map<string, Upload>();

  constructor(catalog: Catalog, storage: Storage, rules: Rules) {
    this.#catalog = catalog;
    this.#storage = storage;
    this.#rules = rules;
  }

  async begin(exchange: Exchange, name: string): Promise<void> {
    const { searchParams } = exchange.url;
    checkAlgorithm(searchParams.get('digest-algorithm'));
    await this.#forget();
    const upload = new Upload(name, this.#storage, this.#rules);
    this.#uploads.set(upload.id, upload);
    if (searchParams.has('digest') && !this.#rules.lacks.has('single-post')) return this.#single(exchange, upload);
    const least = this.#rules.minChunkBytes;
    const chunks = least > 0 ? { 'oci-chunk-min-length': String(least) } : {};
    await reply(exchange, { status: 202, headers: { ...this.#headers(exchange, upload), ...chunks } });
  }

  async append(exchange: Exchange, name: string, id: string): Promise<void> {
    const upload = this.#find(exchange, name, id);
    if (this.#rules.lacks.has('chunks')) throw new Refusal(405, 'UNSUPPORTED', 'blobs are taken in one piece only');
    await this.#receive(exchange, upload);
    await reply(exchange, { status: 202, headers: this.#headers(exchange, upload) });
  }

  async end(exchange: Exchange, name: string, id: string): Promise<void> {
    return this.#end(exchange, this.#find(exchange, name, id));
  }

  async status(exchange: Exchange, name: string, id: string): Promise<void> {
    const upload = this.#find(exchange, name, id);
    await reply(exchange, { status: 204, headers: this.#headers(exchange, upload) });
  }

  async cancel(exchange: Exchange, name: string, id: string): Promise<void> {
    const upload = this.#find(exchange, name, id);
    await this.#drop(upload);
    await reply(exchange, { status: 204 });
  }

  async close(): Promise<void> {
    for (const upload of this.#uploads.values()) await upload.end();
    this.#uploads.clear();
  }

  /** Nobody has been told where it would go on. */
  async #single(exchange: Exchange, upload: Upload): Promise<void> {
    try {
      await this.#end(exchange, upload);
    } catch (error) {
      await this.#drop(upload);
      throw error;
    }
  }

  async #end(exchange: Exchange, upload: Upload): Promise<void> {
    const digest = exchange.url.searchParams.get('digest') ?? '';
    if (!isDigest(digest)) throw new Refusal(400, 'DIGEST_INVALID', `${JSON.stringify(digest)} is not a digest`);
    await this.#receive(exchange, upload, digest);
    this.#uploads.delete(upload.id);
    await upload.commit(digest);
    this.#catalog.open(upload.name).blobs.set(digest, 'stored');
    await reply(exchange, {
      status: 201,
      headers: { location: `/v2/${upload.name}/blobs/${digest}`, 'docker-content-digest': digest },
    });
  }

  /** A chunk out of order is refused together with what would be in order. */
  async #receive(exchange: Exchange, upload: Upload, digest?: Digest): Promise<void> {
    try {
      await upload.append(exchange, digest);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.status === 413) await this.#drop(upload);
      if (error.status !== 416) throw error;
      throw new Refusal(416, error.code, error.message, this.#headers(exchange, upload));
    }
  }

  /** What nobody has gone on with. */
  async #forget(): Promise<void> {
    for (const upload of this.#uploads.values()) if (upload.idle > idleTooLong) await this.#drop(upload);
  }

  async #drop(upload: Upload): Promise<void> {
    this.#uploads.delete(upload.id);
    await upload.abort();
  }

  #find({ url }: Exchange, name: string, id: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload?.name === name && url.searchParams.has('state')) {
      upload.use();
      return upload;
    }
    throw new Refusal(404, 'BLOB_UPLOAD_UNKNOWN', 'there is no such upload');
  }

  #headers({ fault, elsewhere }: Exchange, { name, id, size }: Upload): Record<string, string> {
    return {
      location: `${fault?.uploadElsewhere ? elsewhere : ''}/v2/${name}/blobs/uploads/${id}?state=${size}`,
      range: `0-${Math.max(size - 1, 0)}`,
      'docker-upload-uuid': id,
    };
  }
}

/** Milliseconds. */
const idleTooLong = 60 * 60 * 1000;

/** The digest at the end settles it; what is not supported is better known at the beginning. */
function checkAlgorithm(text: string | null): void {
  if (text === null || text === 'sha256' || text === 'sha512') return;
  throw new Refusal(
    400,
    'DIGEST_INVALID',
    `${JSON.stringify(text.slice(0, 100))} is not supported; use sha256 or sha512`,
  );
}
