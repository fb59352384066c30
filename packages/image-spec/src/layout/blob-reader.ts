import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { BlobOptions } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import { ImageSpecError } from '../error.ts';
import { blobPath } from './places.ts';

/** Throws BLOB_MISSING, or SIZE_MISMATCH for a file that something else has cut. */
export async function readBlob(
  layout: string,
  descriptor: Descriptor,
  { signal, start = 0 }: BlobOptions,
): Promise<Readable> {
  signal?.throwIfAborted();
  const file = await open(blobPath(layout, descriptor.digest)).catch((cause) => {
    if (cause.code !== 'ENOENT') throw cause;
    throw new ImageSpecError('BLOB_MISSING', `cannot read ${descriptor.digest}: it is not in ${layout}`, { cause });
  });
  const { size } = await file.stat();
  if (size !== descriptor.size) {
    await file.close();
    const why = `the file has ${size} bytes, expected ${descriptor.size}`;
    throw new ImageSpecError('SIZE_MISMATCH', `cannot read ${descriptor.digest} in ${layout}: ${why}`);
  }
  const stream = file.createReadStream({ start, highWaterMark: 1024 * 1024 });
  if (signal !== undefined) stopOnAbort(stream, signal);
  return stream;
}

/** With the reason of the signal, where Node's own way has an AbortError for every reason. */
export function stopOnAbort(stream: Readable, signal: AbortSignal): void {
  const stop = () => stream.destroy(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', stop));
}
