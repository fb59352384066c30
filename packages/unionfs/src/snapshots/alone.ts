/** One at a time, among all processes that use a store: what looks at others, and then changes what they may look at. flock(2) */
import { setTimeout as sleep } from 'node:timers/promises';
import { Fd } from '@estiba/syscalls';
import { tryLock } from './workplace.ts';

/**
 * Meant for what takes milliseconds. The kernel lets go of the lock when its holder dies. An abort while somebody else has it
 * throws the signal's reason; what has begun is not aborted.
 */
export async function alone<T>(directory: string, action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  using lock = Fd.open(directory);
  // Waiting in the kernel would keep this thread from whatever holds the lock here.
  for (;;) {
    signal?.throwIfAborted();
    if (tryLock(lock)) return await action();
    await sleep(1, undefined, { signal }).catch(() => {});
  }
}
