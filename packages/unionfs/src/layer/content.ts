/** The content of a layer: what is left when its compression is taken off, and the digest of that. */
import { createHash } from 'node:crypto';
import type { HashAlgorithm } from './codec-thread.ts';
import { giveBackThread, takeThread, threadRests } from './codec-threads.ts';
import { decompress } from './decompress.ts';
import { pieceSize } from './pieces.ts';

export interface Content extends AsyncDisposable {
  /** Each piece is valid until the next is asked for. */
  readonly pieces: AsyncIterable<Buffer>;
  /** To be called with all parts of all pieces, in order. */
  passed(part: Buffer): void;
  /** In hexadecimal; when all has passed. */
  digest(): string;
}

/** From how many bytes on, compressed, a layer is worth a new thread, which takes 30 ms to start. */
const large = 4 * pieceSize;

export async function openContent(
  source: AsyncGenerator<Buffer, void, undefined>,
  algorithm: HashAlgorithm,
): Promise<Content> {
  const first: Buffer[] = [];
  let size = 0;
  for (let next = await source.next(); !next.done; next = await source.next()) {
    first.push(next.value);
    size += next.value.length;
    if (size >= large || threadRests()) return inThread(chain(first, source), algorithm);
  }
  return here(chain(first, source), algorithm);
}

function here(pieces: AsyncGenerator<Buffer, void, undefined>, algorithm: string): Content {
  const hash = createHash(algorithm);
  return {
    pieces: decompress(pieces),
    passed: (part) => hash.update(part),
    digest: () => hash.digest('hex'),
    [Symbol.asyncDispose]: async () => {
      await pieces.return();
    },
  };
}

function inThread(pieces: AsyncGenerator<Buffer, void, undefined>, algorithm: HashAlgorithm): Content {
  const thread = takeThread();
  return {
    pieces: thread.blocks(pieces, algorithm),
    passed: () => {},
    digest: () => thread.digest ?? '',
    [Symbol.asyncDispose]: () => giveBackThread(thread),
  };
}

async function* chain(
  first: readonly Buffer[],
  rest: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  yield* first;
  yield* rest;
}
