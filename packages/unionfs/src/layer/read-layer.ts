/** A layer on its way: decompressed, hashed, and taken apart into entries, in one pass. */
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { type TarHandler, TarReader } from '../tar/tar-reader.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { type Content, openContent } from './content.ts';
import { inPieces } from './pieces.ts';

export interface ReadOptions {
  /** The digest that the uncompressed layer must have. */
  readonly expect?: string | undefined;
  /** Bytes of content; headers may take half of that again. */
  readonly maxBytes: number;
  /** How many times as large as what is read of it a layer may become; the first GiB is free. */
  readonly maxRatio?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Nobody else holds the memory of what the stream gives: it is released as it has been read. */
  readonly transfer?: boolean | undefined;
  /** Gets every byte of the uncompressed layer, in order, before what it says is handled; the bytes are valid during the call. */
  readonly copy?: (bytes: Buffer) => void;
}

export interface LayerHandler extends TarHandler {
  /** What takes long of all that was handled so far, and was left for later: done before the next is handled. */
  catchUp?(): Promise<void> | undefined;
}

export interface ReadLayer {
  /** Digest of the uncompressed tar. */
  readonly diffId: string;
  /** Bytes of the uncompressed tar. */
  readonly size: number;
}

/**
 * The whole of a layer goes through the handler, what follows the end of the archive through `copy` and the digest too. Throws
 * LAYER_MISMATCH at the end if it is not what was expected, so nothing may count before that.
 */
export async function readLayer(layer: Readable, handler: LayerHandler, options: ReadOptions): Promise<ReadLayer> {
  const { expect, signal, transfer, copy } = options;
  const reader = new TarReader(handler);
  let compressed = 0;
  let size = 0;
  const onBytes = (bytes: number) => {
    compressed += bytes;
  };
  await using content = await openContent(inPieces(layer, { signal, transfer, onBytes }), algorithmOf(expect));
  for await (const piece of content.pieces) {
    signal?.throwIfAborted();
    size += piece.length;
    limit(size, compressed, options);
    copy?.(piece);
    await take(piece, { reader, handler, content });
  }
  signal?.throwIfAborted();
  reader.finish();
  return { diffId: verified(content, expect), size };
}

/** A layer this small may be compressed as well as it likes: swap files and disks of zeros are common, and harm nobody. */
const allowance = 2 ** 30;

function limit(size: number, compressed: number, { maxBytes, maxRatio = Infinity }: ReadOptions): void {
  // Headers come on top of the content: half of the limit again is more than any real archive has.
  if (size > maxBytes * 1.5 + 2 ** 20) {
    throw new UnionfsError(
      'LAYER_TOO_LARGE',
      `cannot unpack the layer: it has more than ${maxBytes} bytes; raise maxBytes if that is meant`,
    );
  }
  if (size > allowance && size > compressed * maxRatio) {
    throw new UnionfsError(
      'LAYER_TOO_LARGE',
      `cannot unpack the layer: ${compressed} bytes of it became more than ${maxRatio} times as many; raise maxRatio if that is meant`,
    );
  }
}

/** What is done without a break: making many small files takes longer than inflating the piece that holds them. */
const portion = 128 * 1024;
const breakAfter = 1.5;

interface Reading {
  readonly reader: TarReader;
  readonly handler: LayerHandler;
  readonly content: Content;
}

/**
 * The decompressor asks this thread for more room after each piece. If it had to wait until all the files of a piece are
 * made, it and we would take turns instead of working side by side.
 */
async function take(piece: Buffer, { reader, handler, content }: Reading): Promise<void> {
  let since = performance.now();
  for (let at = 0; at < piece.length; at += portion) {
    const part = piece.subarray(at, at + portion);
    for (let taken = 0; taken < part.length; ) {
      taken += reader.push(part.subarray(taken));
      const rest = handler.catchUp?.();
      if (rest !== undefined) await rest;
    }
    content.passed(part);
    if (performance.now() - since < breakAfter) continue;
    await setImmediate();
    since = performance.now();
  }
}

function verified(content: Content, expect: string | undefined): string {
  const diffId = `${algorithmOf(expect)}:${content.digest()}`;
  if (expect === undefined || expect === diffId) return diffId;
  throw new UnionfsError('LAYER_MISMATCH', `cannot accept the layer: its content is ${diffId}, expected ${expect}`);
}

/** Of a digest that can be verified. */
export function algorithmOf(digest = 'sha256:'): 'sha256' | 'sha512' {
  const algorithm = digest.slice(0, digest.indexOf(':'));
  if (algorithm === 'sha256' || algorithm === 'sha512') return algorithm;
  throw new UnionfsError(
    'NAME_INVALID',
    `cannot verify the layer: ${JSON.stringify(digest)} is no sha256 or sha512 digest`,
  );
}
