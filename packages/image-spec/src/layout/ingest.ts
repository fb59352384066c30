import { constants } from 'node:fs';
import { copyFile, type FileHandle, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Descriptor } from '../descriptor.ts';
import { ImageSpecError } from '../error.ts';
import { Verifier } from '../verifier.ts';
import { BlobWriter, type BlobWriterOptions } from './blob-writer.ts';
import { obeying } from './lease.ts';
import { acquire, type Lock } from './lock.ts';
import { ownedName } from './owner.ts';
import { blobLockPath, partPath } from './places.ts';

export interface IngestOptions extends BlobWriterOptions {
  readonly expect: Descriptor;
  readonly has: (descriptor: Descriptor) => Promise<boolean>;
  readonly signal?: AbortSignal | undefined;
}

/** The writer of a blob, of whom there is one on this machine; undefined once the blob is there. */
export async function ingest(options: IngestOptions): Promise<BlobWriter | undefined> {
  const { layout, expect, has, signal, lease } = options;
  // Before looking whether it is there: then it stays.
  if (lease !== undefined) await obeying(lease, signal).add(expect.digest);
  for (;;) {
    if (await has(expect)) return undefined;
    const lock = await acquire(blobLockPath(layout, expect.digest), { signal });
    try {
      const writer = (await has(expect)) ? undefined : await resume(options, lock);
      if (writer === undefined) await lock[Symbol.asyncDispose]();
      if (writer === undefined || expect.size === 0 || writer.size < expect.size) return writer;
      // All of it was there: its writer died just before the end.
      await writer.commit().catch(ignoreWrongContent);
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
  }
}

/** Takes a part from a writer who, should it wake up, would go on with the file it has open. */
export async function detach(path: string): Promise<void> {
  const copy = join(dirname(path), ownedName());
  try {
    await copyFile(path, copy, constants.COPYFILE_FICLONE);
    await rename(copy, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

const pieceBytes = 1024 * 1024;

async function resume(options: IngestOptions, lock: Lock): Promise<BlobWriter> {
  const { layout, expect, signal } = options;
  const path = partPath(layout, expect.digest);
  if (lock.doubtful) await detach(path);
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o666);
  try {
    const verifier = new Verifier(expect);
    if ((await file.stat()).size > expect.size) await file.truncate(0);
    for await (const piece of pieces(file)) {
      signal?.throwIfAborted();
      verifier.update(piece);
    }
    return BlobWriter.resume({ ...options, lease: undefined }, { file, path, verifier, lock });
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* pieces(file: FileHandle): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(pieceBytes);
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function ignoreWrongContent(error: unknown): void {
  if (!(error instanceof ImageSpecError && error.code === 'DIGEST_MISMATCH')) throw error;
}
