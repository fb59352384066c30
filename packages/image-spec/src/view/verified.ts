import { pipeline, Readable } from 'node:stream';
import { type Expected, verify } from '../verifier.ts';

/** The same content, except that its end is an error unless it was the expected one. Errors and early ends go both ways. */
export function verified(content: AsyncIterable<Uint8Array>, expected: Expected): Readable {
  const stream = content instanceof Readable ? content : Readable.from(content, { objectMode: false });
  return pipeline(stream, verify(expected), () => {});
}
