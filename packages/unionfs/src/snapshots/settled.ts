/** However it ends; unless the signal comes first, whose reason is thrown then. */
export async function settled(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true, signal: over.signal });
  });
  try {
    await Promise.race([work.catch(() => {}), aborted]);
  } finally {
    over.abort();
  }
}
