/** The content of a layer: what is left when its compression is taken off, and the digest of that. */
import { createHash } from 'node:crypto';
import { CodecThread } from './codec-thread.ts';
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

/** From how many bytes on, compressed, a layer has a thread of its own, which takes 30 ms to start. */
const large = 4 * pieceSize;

export async function openContent(
  source: AsyncGenerator<Buffer, void, undefined>,
  algorithm: 'sha256' | 'sha512',
): Promise<Content> {
  const first: Buffer[] = [];
  let size = 0;
  for (let next = await source.next(); !next.done; next = await source.next()) {
    first.push(next.value);
    size += next.value.length;
    if (size >= large) return inThread(chain(first, source), algorithm);
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

function inThread(pieces: AsyncGenerator<Buffer, void, undefined>, algorithm: 'sha256' | 'sha512'): Content {
  const thread = new CodecThread({ algorithm });
  return {
    pieces: thread.blocks(pieces),
    passed: () => {},
    digest: () => thread.digest,
    [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose](),
  };
}

async function* chain(
  first: readonly Buffer[],
  rest: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  yield* first;
  yield* rest;
}
