import { constants, readFileSync } from 'node:fs';
import { Fd } from '@estiba/syscalls';
import { type MountPoint, mountsNow } from './mountinfo.ts';

/** The mount that a path is on: of a mount point, what is mounted there; undefined when it is in no tree of this process. */
export function mountOf(path: string): MountPoint | undefined {
  using fd = openPath(path);
  return mountBehind(fd);
}

/** That of a descriptor, which keeps its number from becoming another's. */
export function mountBehind(fd: Fd, all = mountsNow()): MountPoint | undefined {
  const id = mountIdOf(fd);
  return all.find((mount) => mount.id === id);
}

/** proc_pid_fdinfo(5) */
export function mountIdOf(fd: Fd): number {
  return Number(/^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd.number}`, 'utf8'))?.[1]);
}

/** Only its id, which is that of another mount as soon as this one is gone; undefined when there is no such path. */
export function mountIdAt(path: string): number | undefined {
  try {
    using fd = openPath(path);
    return mountIdOf(fd);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** To be held open, or the mount could be gone, and its id another's, before it is looked for. */
export function openPath(path: string): Fd {
  const O_PATH = 0o10000000;
  return Fd.open(path, O_PATH | constants.O_NOFOLLOW);
}
