/** The container's own user database, read without leaving the container's root. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type ResolvedUser, resolveUser } from '@estiba/privileges';
import { type Fd, openat2, perform, SyscallError } from '@estiba/syscalls';

/** Who `user` is, by the etc/passwd and etc/group of open root directories, the topmost first; either may be missing. */
export function findUser(user: string, roots: readonly Fd[]): ResolvedUser {
  const passwd = readFirst(roots, 'etc/passwd');
  const group = readFirst(roots, 'etc/group');
  return resolveUser(user, { ...(passwd && { passwd }), ...(group && { group }) });
}

const MAX_SIZE = 4 << 20;

function readFirst(roots: readonly Fd[], path: string): Buffer | undefined {
  for (const root of roots) {
    const content = readBelow(root, path);
    if (content !== undefined) return content;
  }
  return undefined;
}

/**
 * Links in the image are followed as if its root were ours. What is there is looked at before it is opened: a FIFO would
 * keep us waiting, and opening a device does things (a watchdog begins to count).
 */
function readBelow(root: Fd, path: string): Buffer | undefined {
  const open = openat2(root, path, { flags: ['path'], resolve: ['in-root', 'no-magiclinks'] });
  let fd: number;
  try {
    fd = perform([open], { keep: [open] }).of(open);
  } catch (error) {
    if (error instanceof SyscallError && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code)) return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    return stat.isFile() ? readAgain(fd, Math.min(stat.size, MAX_SIZE)) : undefined;
  } finally {
    closeSync(fd);
  }
}

/** The same file: nobody can put another in its place. */
function readAgain(path: number, size: number): Buffer {
  const fd = openSync(`/proc/self/fd/${path}`, 'r');
  try {
    const content = Buffer.alloc(size);
    return content.subarray(0, readSync(fd, content));
  } finally {
    closeSync(fd);
  }
}
