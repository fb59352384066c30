/**
 * Directories that are not finished. What is being made here is locked by its maker; the kernel lets go of the lock when
 * the maker dies, however it dies, and the next who comes along removes it. flock(2)
 */
import { constants, existsSync } from 'node:fs';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Fd, perform, syscall } from '@estiba/syscalls';

export class Workplace {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A new directory of one's own, removed when disposed of unless it has been moved away. */
  async begin(): Promise<Work> {
    for (;;) {
      const path = await mkdtemp(join(this.#directory, 'w-'));
      const lock = Fd.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
      // Somebody who cleans up may have been between the two.
      if (tryLock(lock) && existsSync(path)) return new Work(path, lock);
      lock.close();
    }
  }

  /** Takes a finished directory out of sight in one move, then removes it. */
  async discard(path: string): Promise<void> {
    await using work = await this.begin();
    await rename(path, join(work.path, 'gone'));
  }

  /** Removes what makers left behind who are no more. */
  async clear(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const path = join(this.#directory, name);
      using lock = openIfThere(path);
      if (lock !== undefined && tryLock(lock)) await rm(path, { recursive: true, force: true });
    }
  }
}

export class Work implements AsyncDisposable {
  readonly path: string;
  readonly #lock: Fd;

  constructor(path: string, lock: Fd) {
    this.path = path;
    this.#lock = lock;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await rm(this.path, { recursive: true, force: true });
    } finally {
      this.#lock.close();
    }
  }
}

function tryLock(directory: Fd): boolean {
  const [LOCK_EX, LOCK_NB] = [2, 4];
  try {
    perform([syscall('flock', directory, LOCK_EX | LOCK_NB)]);
    return true;
  } catch (error) {
    if (['EAGAIN', 'EWOULDBLOCK'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

function openIfThere(path: string): Fd | undefined {
  try {
    return Fd.open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
