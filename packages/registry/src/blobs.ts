import { Readable } from 'node:stream';
import type { Digest } from '@estiba/image-spec';
import type { Catalog } from './catalog.ts';
import { type Exchange, reply } from './exchange.ts';
import { rangeStart } from './range.ts';
import { Refusal } from './refusal.ts';
import type { Storage } from './storage.ts';

export interface Blob {
  readonly size: number;
  open(start: number): Promise<Readable>;
}

/** A blob that the registry keeps or lends out. */
export async function findBlob(storage: Storage, catalog: Catalog, digest: Digest): Promise<Blob | undefined> {
  const size = await storage.size(digest);
  if (size !== undefined) return { size, open: (start) => storage.open(digest, size, start) };
  const lent = catalog.lent(digest);
  return lent && { size: lent.descriptor.size, open: (start) => lent.source.blob(lent.descriptor, { start }) };
}

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-blobs */
export async function sendBlob(exchange: Exchange, digest: Digest, blob: Blob | undefined): Promise<void> {
  if (blob === undefined) throw new Refusal(404, 'BLOB_UNKNOWN', `there is no blob ${digest}`);
  const size = Math.min(blob.size, exchange.fault?.endAfter ?? blob.size);
  const start = exchange.fault?.ignoreRange ? undefined : rangeStart(exchange.request.headers.range);
  if (start !== undefined && start >= size) {
    throw new Refusal(416, 'SIZE_INVALID', `the blob has ${size} bytes`, {
      'content-range': `bytes */${size}`,
    });
  }
  await reply(exchange, {
    status: start === undefined ? 200 : 206,
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': size - (start ?? 0),
      'docker-content-digest': digest,
      'accept-ranges': 'bytes',
      ...(start === undefined ? {} : { 'content-range': `bytes ${start}-${size - 1}/${size}` }),
    },
    body: exchange.request.method === 'HEAD' ? undefined : await openPart(blob, start ?? 0, size),
  });
}

async function openPart(blob: Blob, start: number, end: number): Promise<Readable> {
  const body = await blob.open(start);
  if (end === blob.size) return body;
  const part = Readable.from(take(body, end - start), { objectMode: false });
  return part.once('close', () => body.destroy());
}

async function* take(body: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of body) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}
