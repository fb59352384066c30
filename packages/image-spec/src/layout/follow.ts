import { closeSync, openSync, read } from 'node:fs';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

/** How far a file has come that somebody is writing. */
export interface Progress {
  readonly path: string;
  readonly state: 'writing' | 'committed' | 'failed';
  readonly failure: unknown;
  /** Bytes that can be read. */
  readonly written: number;
}

const readAsync = promisify(read);
const chunkBytes = 1024 * 1024;

/** Reads a file that grows. `waiting` holds what to call when it has grown or ended. */
export function followFile(progress: () => Progress, waiting: Set<() => void>): Readable {
  const stop = new AbortController();
  const options = { objectMode: false, highWaterMark: chunkBytes };
  // Loaded here, for importing the package is to stay cheap.
  const { Readable } = process.getBuiltinModule('node:stream');
  const stream = Readable.from(chunks(progress, waiting, stop.signal), options);
  // A generator that waits ends only after what it waits for.
  const destroy = stream._destroy;
  stream._destroy = (error, done) => {
    stop.abort();
    destroy.call(stream, error, done);
  };
  return stream;
}

async function* chunks(progress: () => Progress, waiting: Set<() => void>, stop: AbortSignal): AsyncGenerator<Buffer> {
  throwIfFailed(progress());
  const file = openSync(progress().path, 'r');
  try {
    let position = 0;
    while (!stop.aborted) {
      const { state, written } = progress();
      throwIfFailed(progress());
      // In large pieces: each costs a trip to the thread pool, however small.
      if (written - position >= chunkBytes || (state === 'committed' && position < written)) {
        const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, written - position));
        const { bytesRead } = await readAsync(file, buffer, 0, buffer.length, position);
        if (bytesRead === 0) throw new Error(`cannot follow ${progress().path}: it was cut short`);
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      } else if (state === 'committed') {
        return;
      } else {
        await change(waiting, stop);
      }
    }
  } finally {
    closeSync(file);
  }
}

function throwIfFailed({ state, failure }: Progress): void {
  if (state === 'failed') throw failure;
}

function change(waiting: Set<() => void>, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      waiting.delete(wake);
      stop.removeEventListener('abort', wake);
      resolve();
    };
    waiting.add(wake);
    stop.addEventListener('abort', wake);
  });
}
