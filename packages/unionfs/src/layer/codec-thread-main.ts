/**
 * The other thread: inflates and hashes while the first one makes files of what came before. For each layer:
 *
 *     first:  begin, piece, piece, …, the end     took, took, …
 *     other:         wants, wants, …              block, block, …, digest or failed
 */
import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { UnionfsError } from '../unionfs-error.ts';
import type { FromThread, HashAlgorithm, ToThread } from './codec-thread.ts';
import { decompress } from './decompress.ts';
import { claim, pieceSize } from './pieces.ts';

/** Blocks on their way to the first thread. */
const most = 4;

const layers: HashAlgorithm[] = [];
const pieces: (Buffer | undefined)[] = [];
let underway = 0;
const waiting = new Set<() => void>();

parentPort?.on('message', (message: ToThread) => {
  if (message.type === 'took') underway -= 1;
  else if (message.type === 'begin') layers.push(message.algorithm);
  else pieces.push(message.memory === undefined ? undefined : claim(Buffer.from(message.memory)));
  for (const wake of waiting) wake();
  waiting.clear();
});

for (;;) {
  const algorithm = layers.shift();
  if (algorithm === undefined) await change();
  else await run(algorithm).catch((error) => send({ type: 'failed', failure: describe(error) }));
}

async function run(algorithm: HashAlgorithm): Promise<void> {
  const hash = createHash(algorithm);
  let length = 0;
  let block: ArrayBuffer | undefined;
  for await (const piece of decompress(arriving())) {
    hash.update(piece);
    if (piece.buffer.byteLength !== pieceSize) {
      await hand(piece.buffer as ArrayBuffer, piece.length);
      continue;
    }
    // The decoder fills blocks of memory from their beginning to their end, and is done with one that is full.
    block = piece.buffer as ArrayBuffer;
    length = piece.byteOffset + piece.length;
    if (length < pieceSize) continue;
    await hand(block, length);
    length = 0;
  }
  if (block !== undefined && length > 0) await hand(block, length);
  send({ type: 'digest', digest: hash.digest('hex') });
}

async function* arriving(): AsyncGenerator<Buffer, void, undefined> {
  for (;;) {
    while (pieces.length === 0) await change();
    const piece = pieces.shift();
    if (piece === undefined) return;
    yield piece;
    send({ type: 'wants' });
  }
}

async function hand(memory: ArrayBuffer, length: number): Promise<void> {
  underway += 1;
  send({ type: 'block', memory, length }, [memory]);
  while (underway >= most) await change();
}

function change(): Promise<void> {
  return new Promise((resolve) => {
    waiting.add(resolve);
  });
}

function send(message: FromThread, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

function describe(error: unknown) {
  if (error instanceof UnionfsError) return { code: error.code, message: error.message };
  return { message: error instanceof Error ? error.message : String(error) };
}
