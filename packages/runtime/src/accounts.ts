/** The container's own user database, read without leaving the container's root. */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { type ResolvedUser, resolveUser } from '@estiba/privileges';
import { type Fd, openat2, perform, SyscallError } from '@estiba/syscalls';

/** Who `user` is, by the etc/passwd and etc/group below an open root directory; either may be missing. */
export function findUser(user: string, root: Fd): ResolvedUser {
  const passwd = readBelow(root, 'etc/passwd');
  const group = readBelow(root, 'etc/group');
  return resolveUser(user, { ...(passwd && { passwd }), ...(group && { group }) });
}

const MAX_SIZE = 4 << 20;

/** Links in the image are followed as if its root were ours; a FIFO or device must not be opened for reading. */
function readBelow(root: Fd, path: string): Buffer | undefined {
  const open = openat2(root, path, { flags: ['rdonly', 'nonblock', 'noctty'], resolve: ['in-root', 'no-magiclinks'] });
  let fd: number;
  try {
    fd = perform([open], { keep: [open] }).of(open);
  } catch (error) {
    if (error instanceof SyscallError && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code)) return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return undefined;
    const content = Buffer.alloc(Math.min(stat.size, MAX_SIZE));
    return content.subarray(0, readSync(fd, content));
  } finally {
    closeSync(fd);
  }
}
