import { type Descriptor, Verifier } from '@estiba/image-spec';

/** The same bytes; ends only where size and digest have proved right. */
export async function* verified(
  chunks: AsyncIterable<Buffer>,
  descriptor: Descriptor,
  { onError }: { onError?: (error: unknown) => void } = {},
): AsyncGenerator<Buffer> {
  const verifier = new Verifier(descriptor);
  try {
    for await (const chunk of chunks) {
      verifier.update(chunk);
      yield chunk;
    }
    verifier.finish();
  } catch (error) {
    onError?.(error);
    throw error;
  }
}
