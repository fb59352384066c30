/** From memory to the disk, while this thread does something else. */
import { open } from 'node:fs/promises';
import { Fd, launch, syscall } from '@estiba/syscalls';

/** Disposed of, it has nothing open. */
export interface Sync extends Disposable {
  finish(signal?: AbortSignal): Promise<void>;
}

/**
 * Everything that is written to the file system of a directory from here on: one call at the end, where one for each file
 * would take ages. Errors in between are told only to descriptors that were open by then. syncfs(2), Linux 5.8
 */
export function beginSync(directory: string): Sync {
  const fd = Fd.open(directory);
  return {
    async finish(signal) {
      // The call takes as long as the disk does, and there is none that does not wait: a small process waits.
      const child = await launch([syscall('syncfs', 0)], {
        stdio: fd,
        ...(signal !== undefined && { signal }),
      });
      await child.wait();
    },
    [Symbol.dispose]: () => fd.close(),
  };
}

/** A file, or the names in a directory. fsync(2) */
export async function syncFile(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.sync();
}
