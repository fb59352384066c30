/** From memory to the disk. */
import { open } from 'node:fs/promises';
import { Fd, perform, syscall } from '@estiba/syscalls';

/** Everything that was written to the file system of a directory: one call, where one for each file would take ages. syncfs(2) */
export function syncFileSystem(directory: string): void {
  using file = Fd.open(directory);
  perform([syscall('syncfs', file)]);
}

/** The names in a directory. fsync(2) */
export async function syncDirectory(directory: string): Promise<void> {
  await using file = await open(directory, 'r');
  await file.sync();
}
