/**
 * Directories that are not finished. What is being made here is locked by its maker; the kernel lets go of the lock when
 * the maker dies, however it dies, and the next who comes along removes it. flock(2)
 */
import { constants, existsSync } from 'node:fs';
import { mkdtemp, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Fd, perform, syscall } from '@estiba/syscalls';
import { removeTreeInTurns } from '../layer/remove-tree.ts';

export class Workplace {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A new directory of one's own, removed when disposed of unless it has been moved away. */
  async begin(): Promise<Work> {
    for (;;) {
      const path = await mkdtemp(join(this.#directory, 'w-'));
      const lock = openIfThere(path);
      // Somebody who cleans up may have been between any two of these.
      if (lock !== undefined && tryLock(lock) && existsSync(path)) return new Work(path, lock);
      lock?.close();
    }
  }

  /** Takes a finished directory out of sight in one move, then removes it. */
  async discard(path: string): Promise<void> {
    await using work = await this.begin();
    await work.take(path);
  }

  /** Removes what makers left behind who are no more. */
  async clear(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const path = join(this.#directory, name);
      using lock = openIfThere(path);
      if (lock !== undefined && tryLock(lock)) await remove(path);
    }
  }
}

export class Work implements AsyncDisposable {
  readonly path: string;
  readonly #lock: Fd;
  #taken = 0;

  constructor(path: string, lock: Fd) {
    this.path = path;
    this.#lock = lock;
  }

  /** Moves a directory here, to be removed with the rest. */
  async take(path: string): Promise<void> {
    this.#taken += 1;
    await rename(path, join(this.path, `gone-${this.#taken}`));
  }

  /** Resolves to the bytes that what was taken gave back. */
  async remove(): Promise<number> {
    let bytes = 0;
    try {
      for (; this.#taken > 0; this.#taken -= 1) bytes += await remove(join(this.path, `gone-${this.#taken}`));
      await remove(this.path);
      return bytes;
    } finally {
      this.#lock.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#lock.closed) await this.remove();
  }
}

/** Layers and containers make names of any bytes, and trees deeper than any path: nothing that works by paths removes those. */
async function remove(path: string): Promise<number> {
  using directory = Fd.open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  return await removeTreeInTurns(directory.number, basename(path));
}

/** False when somebody else has it. */
export function tryLock(directory: Fd): boolean {
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
