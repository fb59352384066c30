import { Readable } from 'node:stream';

type Chunks = (signal: AbortSignal) => AsyncGenerator<Buffer>;

/** What arrives, as a stream. Who destroys it does not keep the connection: a generator that waits ends only after its wait. */
export function streamOf(chunks: Chunks, signal: AbortSignal | undefined): Readable {
  const stop = new AbortController();
  const joined = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  let ended = false;
  const told = async function* () {
    yield* chunks(joined);
    ended = true;
  };
  const stream = Readable.from(told(), { objectMode: false, highWaterMark: 1024 * 1024 });
  const destroy = stream._destroy;
  stream._destroy = (error, done) => {
    // A connection that has served its request is kept for the next.
    if (!ended) stop.abort();
    destroy.call(stream, error, done);
  };
  return stream;
}
