/**
 * One at a time makes a layer, among all processes that use a store. The lock is that of a file, which the kernel lets go
 * of when its holder dies; what the file says is for those who look for layers that nobody needs. flock(2)
 */
import { constants, fstatSync, ftruncateSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fd } from '@estiba/syscalls';
import { tryLock } from './workplace.ts';

/** Chain ids. */
export interface Making {
  readonly chainId: string;
  /** What it stands on, which has to stay. */
  readonly parent?: string;
}

export class LayerLock implements Disposable {
  readonly #path: string;
  readonly #fd: Fd;

  private constructor(path: string, fd: Fd) {
    this.#path = path;
    this.#fd = fd;
  }

  /** Waits while somebody else has it, in this process or another. An abort throws the signal's reason. */
  static async acquire(directory: string, name: string, signal?: AbortSignal): Promise<LayerLock> {
    const path = join(directory, name);
    // Waiting in the kernel would keep this thread from everything else.
    for (let wait = 1; ; wait = Math.min(wait * 2, 50)) {
      signal?.throwIfAborted();
      const lock = LayerLock.#tryAcquire(path);
      if (lock !== undefined) return lock;
      await sleep(wait, undefined, { signal }).catch(() => {});
    }
  }

  static #tryAcquire(path: string): LayerLock | undefined {
    const fd = Fd.open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW);
    // The one before removed the file when it was done: what was locked may be a file that nobody else will find.
    if (tryLock(fd) && isAt(path, fd)) return new LayerLock(path, fd);
    fd.close();
    return undefined;
  }

  /** Says what is being made. To be called alone in the store, as those who read it are. */
  note(making: Making): void {
    ftruncateSync(this.#fd.number);
    writeSync(this.#fd.number, JSON.stringify(making), 0);
  }

  [Symbol.dispose](): void {
    if (this.#fd.closed) return;
    unlinkSync(this.#path);
    this.#fd.close();
  }
}

/** What is being made, by whomever; files of makers that are no more are removed. To be called alone in the store. */
export async function inTheMaking(directory: string): Promise<Making[]> {
  const making: Making[] = [];
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    using fd = openIfThere(path);
    if (fd === undefined) continue;
    if (tryLock(fd)) {
      if (isAt(path, fd)) unlinkSync(path);
    } else {
      const text = readFileSync(fd.number, 'utf8');
      // Whoever has noted nothing yet has not looked yet for what it stands on.
      if (text !== '') making.push(JSON.parse(text));
    }
  }
  return making;
}

function isAt(path: string, fd: Fd): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  const held = fstatSync(fd.number);
  return there?.ino === held.ino && there.dev === held.dev;
}

function openIfThere(path: string): Fd | undefined {
  try {
    return Fd.open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
