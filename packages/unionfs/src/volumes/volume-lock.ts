/**
 * One at a time fills or removes a volume, among all processes that use a store. The lock is that of the volume's directory;
 * the kernel lets go of it when its holder dies. flock(2)
 */
import { constants, fstatSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fd } from '@estiba/syscalls';
import { tryLock } from '../snapshots/workplace.ts';

/** Waits while somebody else has it. Undefined when the volume is gone; an abort throws the signal's reason. */
export async function lockVolume(directory: string, signal?: AbortSignal): Promise<Fd | undefined> {
  // Waiting in the kernel would keep this thread from everything else.
  for (let wait = 1; ; wait = Math.min(wait * 2, 50)) {
    signal?.throwIfAborted();
    const lock = tryLockVolume(directory);
    if (lock !== 'busy') return lock;
    await sleep(wait, undefined, { signal }).catch(() => {});
  }
}

/** To be closed when done. */
export function tryLockVolume(directory: string): Fd | 'busy' | undefined {
  const fd = openIfThere(directory);
  if (fd === undefined) return undefined;
  if (!tryLock(fd)) {
    fd.close();
    return 'busy';
  }
  // It may have been removed, and made again, between the two.
  const [held, there] = [fstatSync(fd.number), statSync(directory, { throwIfNoEntry: false })];
  if (there?.ino === held.ino && there.dev === held.dev) return fd;
  fd.close();
  return there === undefined ? undefined : 'busy';
}

function openIfThere(path: string): Fd | undefined {
  try {
    return Fd.open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
