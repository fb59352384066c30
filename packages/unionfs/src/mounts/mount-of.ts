import { constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Fd } from '@estiba/syscalls';
import { type MountPoint, mounts } from './mountinfo.ts';

/** The mount that a path is on: of a mount point, what is mounted there. proc_pid_fdinfo(5) */
export async function mountOf(path: string): Promise<MountPoint> {
  const O_PATH = 0o10000000;
  // Held open, or the mount could be gone, and its id another's, before it is looked for.
  using fd = Fd.open(path, O_PATH | constants.O_NOFOLLOW);
  const info = await readFile(`/proc/self/fdinfo/${fd.number}`, 'utf8');
  const id = Number(/^mnt_id:\s*(\d+)$/m.exec(info)?.[1]);
  const found = (await mounts()).find((mount) => mount.id === id);
  if (found === undefined) throw new Error(`cannot find the mount that ${path} is on`);
  return found;
}
