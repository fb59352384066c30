import { randomUUID } from 'node:crypto';
import { type Digest, isDigest } from '@estiba/image-spec';
import { type Exchange, reply } from './exchange.ts';
import { Refusal } from './refusal.ts';
import type { Storage, StorageWriter } from './storage.ts';

/**
 * Blobs on their way in: POST opens a session, PATCH adds to it, PUT ends it.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs
 */
export class Uploads {
  readonly #storage: Storage;
  readonly #writers = new Map<string, StorageWriter | undefined>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async begin(exchange: Exchange, repository: string): Promise<void> {
    const id = randomUUID();
    this.#writers.set(id, undefined);
    if (exchange.url.searchParams.has('digest')) return this.end(exchange, repository, id);
    await reply(exchange, { status: 202, headers: this.#headers(repository, id) });
  }

  async append(exchange: Exchange, repository: string, id: string): Promise<void> {
    const [, start] = /^(\d+)-\d+$/.exec(exchange.request.headers['content-range'] ?? '') ?? [];
    const size = this.#size(id);
    if (start !== undefined && Number(start) !== size) {
      throw new Refusal(416, 'BLOB_UPLOAD_INVALID', `the next byte is ${size}`, this.#headers(repository, id));
    }
    await this.#receive(exchange, id, undefined);
    await reply(exchange, { status: 202, headers: this.#headers(repository, id) });
  }

  async end(exchange: Exchange, repository: string, id: string): Promise<void> {
    const digest = exchange.url.searchParams.get('digest') ?? '';
    if (!isDigest(digest)) throw new Refusal(400, 'DIGEST_INVALID', `${JSON.stringify(digest)} is not a digest`);
    const writer = await this.#receive(exchange, id, digest);
    this.#writers.delete(id);
    await writer.commit(digest);
    await reply(exchange, {
      status: 201,
      headers: { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest },
    });
  }

  async status(exchange: Exchange, repository: string, id: string): Promise<void> {
    this.#size(id);
    await reply(exchange, { status: 204, headers: this.#headers(repository, id) });
  }

  async cancel(exchange: Exchange, id: string): Promise<void> {
    this.#size(id);
    await this.#writers.get(id)?.abort();
    this.#writers.delete(id);
    await reply(exchange, { status: 204 });
  }

  async close(): Promise<void> {
    for (const writer of this.#writers.values()) await writer?.abort();
    this.#writers.clear();
  }

  async #receive(exchange: Exchange, id: string, digest: Digest | undefined): Promise<StorageWriter> {
    this.#size(id);
    const writer = this.#writers.get(id) ?? (await this.#storage.writer(digest));
    this.#writers.set(id, writer);
    for await (const chunk of exchange.request as AsyncIterable<Buffer>) await writer.write(chunk);
    return writer;
  }

  #size(id: string): number {
    if (!this.#writers.has(id)) throw new Refusal(404, 'BLOB_UPLOAD_UNKNOWN', 'there is no such upload');
    return this.#writers.get(id)?.size ?? 0;
  }

  #headers(repository: string, id: string): Record<string, string> {
    return {
      location: `/v2/${repository}/blobs/uploads/${id}`,
      range: `0-${Math.max(this.#size(id) - 1, 0)}`,
      'docker-upload-uuid': id,
    };
  }
}
