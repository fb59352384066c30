import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { UnionfsError } from '../unionfs-error.ts';
import { archiveStart, type ImageOrigin, readImageHeader } from './image-header.ts';

/** Which layer a file of `writeErofs` holds. Throws a UnionfsError for what is none, or was not completed. */
export async function erofsOrigin(path: string): Promise<ImageOrigin> {
  await using file = await open(path);
  return readImageHeader(await beginning(file), path);
}

/** The tar that `writeErofs` was given, uncompressed, byte for byte: its digest is the diff id. */
export function exportTar(path: string): Readable {
  return Readable.from(pieces(path), { objectMode: false });
}

const pieceSize = 1024 * 1024;

async function* pieces(path: string): AsyncGenerator<Buffer> {
  await using file = await open(path);
  const { size } = readImageHeader(await beginning(file), path);
  for (let at = 0; at < size; ) {
    const wanted = Math.min(pieceSize, size - at);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, archiveStart + at);
    if (bytesRead === 0) throw new UnionfsError('LAYER_INVALID', `cannot read ${path}: it is cut off`);
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function beginning(file: Awaited<ReturnType<typeof open>>): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(archiveStart), 0, archiveStart, 0);
  return buffer.subarray(0, bytesRead);
}
