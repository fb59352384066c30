import type { FileHandle } from 'node:fs/promises';
import type { Digest } from '../digest.ts';
import { ImageSpecError } from '../error.ts';
import { Verifier } from '../verifier.ts';

/** Bytes of a file. */
export interface Part {
  readonly offset: number;
  readonly size: number;
}

/** Fewer bytes only at the end of the file. */
export async function partBytes(file: FileHandle, { offset, size }: Part): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(size), 0, size, offset);
  return buffer.subarray(0, bytesRead);
}

export async function* readPart(
  file: FileHandle,
  { offset, size }: Part,
  { start = 0, signal }: { start?: number; signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Buffer> {
  for (let at = start; at < size; ) {
    signal?.throwIfAborted();
    const chunk = await partBytes(file, { offset: offset + at, size: Math.min(size - at, pieceBytes) });
    // Somebody has cut it since it was opened.
    if (chunk.length === 0) throw new ImageSpecError('ARCHIVE_TRUNCATED', 'cannot read the archive: it was cut short');
    at += chunk.length;
    yield chunk;
  }
}

export async function measurePart(
  file: FileHandle,
  part: Part,
  { signal }: { signal: AbortSignal | undefined },
): Promise<Digest> {
  const verifier = new Verifier();
  for await (const chunk of readPart(file, part, { signal })) verifier.update(chunk);
  return verifier.finish().digest;
}

const pieceBytes = 1024 * 1024;
