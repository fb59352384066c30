import { orAborted } from '../or-aborted.ts';

/** The content, unless the signal comes while its next piece is waited for: then it is closed. */
export async function* interruptible(
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (signal === undefined) {
    yield* content;
    return;
  }
  const pieces = content[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { value, done } = await orAborted(pieces.next(), signal);
      if (done) return;
      yield value;
    }
  } finally {
    // A stream that waits would hear of this only after what it waits for.
    if (signal.aborted) (content as { destroy?: () => void }).destroy?.();
    const closed = pieces.return?.();
    if (signal.aborted) closed?.catch(() => {});
    else await closed;
  }
}
