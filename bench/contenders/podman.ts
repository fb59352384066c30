/** podman, with storage, settings and locks of its own: nothing of the machine's is read or changed. */
import { join } from 'node:path';
import { pathOf } from '../programs.ts';

/** What root may not raise here is lowered: CAP_SYS_RESOURCE may be missing. Locks as files, not in the machine's /dev/shm. */
export const podmanSettings = `[containers]
default_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]

[engine]
lock_type = "file"
runtime = "crun"
`;

/** Its words up to the command. What it keeps lies in `directory`, what it needs while it runs in `state`, whose path is short. */
export function podman(directory: string, state: string): string[] {
  const storage = ['--root', join(directory, 'storage'), '--runroot', state, '--tmpdir', join(directory, 'tmp')];
  return [
    pathOf('podman'),
    ...storage,
    '--storage-driver=overlay',
    '--cgroup-manager=cgroupfs',
    '--events-backend=file',
  ];
}
