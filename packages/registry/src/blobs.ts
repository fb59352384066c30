import { Readable } from 'node:stream';
import { type Digest, isDigest } from '@estiba/image-spec';
import type { Contents } from './contents.ts';
import { type Exchange, reply } from './exchange.ts';
import { parseRange } from './range.ts';
import { Refusal } from './refusal.ts';
import type { Blob } from './repository.ts';

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-blobs */
export async function sendBlob(
  exchange: Exchange,
  name: string,
  text: string,
  { catalog, storage, rules }: Contents,
): Promise<void> {
  const digest = digestIn(text);
  const blob = await catalog.find(name)?.blob(digest, storage);
  if (blob === undefined) throw unknown(name, digest);
  const size = Math.min(blob.size, exchange.fault?.endAfter ?? blob.size);
  // RFC 9110 section 14.2: a range is one of GET alone.
  const whole = rules.lacks.has('ranges') || exchange.fault?.ignoreRange || exchange.request.method === 'HEAD';
  const range = whole ? undefined : parseRange(exchange.request.headers.range, size);
  if (range === 'none') {
    throw new Refusal(416, 'SIZE_INVALID', `the blob has ${size} bytes`, { 'content-range': `bytes */${size}` });
  }
  const { start, end } = range ?? { start: 0, end: size };
  await reply(exchange, {
    status: range === undefined ? 200 : 206,
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': end - start,
      'docker-content-digest': digest,
      ...(!rules.lacks.has('ranges') && { 'accept-ranges': 'bytes' }),
      ...(range !== undefined && { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
    },
    body: exchange.request.method === 'HEAD' ? undefined : await openPart(blob, start, end),
  });
}

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#deleting-blobs */
export async function deleteBlob(
  exchange: Exchange,
  name: string,
  text: string,
  { catalog, storage }: Contents,
): Promise<void> {
  const digest = digestIn(text);
  const repository = catalog.find(name);
  if (repository?.blobs.delete(digest) !== true) throw unknown(name, digest);
  if (catalog.havingBlob(digest).length === 0) await storage.release(digest);
  await reply(exchange, { status: 202 });
}

function digestIn(text: string): Digest {
  if (isDigest(text)) return text;
  throw new Refusal(400, 'DIGEST_INVALID', `${JSON.stringify(text.slice(0, 255))} is not a digest`);
}

function unknown(name: string, digest: Digest): Refusal {
  return new Refusal(404, 'BLOB_UNKNOWN', `there is no blob ${digest} in ${name}`);
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
