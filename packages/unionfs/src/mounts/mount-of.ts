import { constants, readFileSync } from 'node:fs';
import { Fd } from '@estiba/syscalls';
import { type MountPoint, mounts } from './mountinfo.ts';

/** The mount that a path is on: of a mount point, what is mounted there. */
export async function mountOf(path: string): Promise<MountPoint> {
  using fd = openPath(path);
  const id = idOf(fd);
  const found = (await mounts()).find((mount) => mount.id === id);
  if (found === undefined) throw new Error(`cannot find the mount that ${path} is on`);
  return found;
}

/** Only its id, which is that of another mount as soon as this one is gone; undefined when there is no such path. */
export function mountIdAt(path: string): number | undefined {
  try {
    using fd = openPath(path);
    return idOf(fd);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** To be held open, or the mount could be gone, and its id another's, before it is looked for. */
function openPath(path: string): Fd {
  const O_PATH = 0o10000000;
  return Fd.open(path, O_PATH | constants.O_NOFOLLOW);
}

/** proc_pid_fdinfo(5) */
function idOf(fd: Fd): number {
  return Number(/^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd.number}`, 'utf8'))?.[1]);
}
