/**
 * A directory that was there before the layer, as something to write in. What is in its way is taken off, and put back at
 * the end: a mode that keeps its own owner out, and an access list that new files would inherit, acl(5).
 */
import { chmodSync, closeSync, fchmodSync, fstatSync } from 'node:fs';
import { attempt, out, perform, syscall } from '@estiba/syscalls';
import type { TarTime } from '../tar/tar-entry.ts';
import { type AttributeOptions, setTimes, timeOf } from './attributes.ts';
import { openBeneath } from './beneath.ts';

export interface Before {
  /** It keeps its time, whatever happens in it. */
  readonly mtime: TarTime;
  readonly mode: number;
  readonly defaultAcl: Buffer | undefined;
}

export interface Taken {
  /** The caller's to close. */
  readonly fd: number;
  readonly before: Before;
}

/** By one name in an open directory. Or why there is none. */
export function takeOver(parent: number, name: string): Taken | 'ENOENT' | 'ENOTDIR' | 'ELOOP' {
  const standIn = openBeneath(parent, name, ['path', 'directory']);
  if (typeof standIn === 'string') return standIn;
  try {
    return takeOverOpened(standIn);
  } finally {
    closeSync(standIn);
  }
}

/** By a descriptor that only stands for it (O_PATH). */
export function takeOverOpened(standIn: number): Taken {
  const mode = unlock(standIn);
  const fd = openBeneath(standIn, '.', ['rdonly', 'directory']);
  if (typeof fd === 'string') throw new Error(`${fd}: it is gone`);
  try {
    return { fd, before: { mtime: timeOf(fd), mode, defaultAcl: takeDefaultAcl(fd) } };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Where no entry says what it has to be. */
export function giveBack(fd: number, { mtime, mode, defaultAcl }: Before, { owner }: AttributeOptions): void {
  if (defaultAcl !== undefined)
    perform([syscall('fsetxattr', fd, 'system.posix_acl_default', defaultAcl, defaultAcl.length, 0)]);
  if ((fstatSync(fd).mode & 0o7777) !== mode) fchmodSync(fd, mode);
  const { seconds, nanoseconds } = timeOf(fd);
  if (seconds === mtime.seconds && nanoseconds === mtime.nanoseconds) return;
  try {
    setTimes(fd, mtime);
  } catch (error) {
    // Only its owner may move it back. utimensat(2)
    if ((error as NodeJS.ErrnoException).code !== 'EPERM' || owner === 'keep') throw error;
  }
}

/** Its mode before. Root needs no mode; of the directories of others it is not ours to change. */
function unlock(standIn: number): number {
  const stats = fstatSync(standIn);
  const mode = stats.mode & 0o7777;
  const user = process.geteuid?.();
  if (user !== 0 && stats.uid === user && (mode & 0o700) !== 0o700) chmodSync(`/proc/self/fd/${standIn}`, mode | 0o700);
  return mode;
}

function takeDefaultAcl(fd: number): Buffer | undefined {
  const memory = out(65536);
  const name = 'system.posix_acl_default';
  const get = syscall('fgetxattr', fd, name, memory, 65536);
  const results = perform([attempt([get], ['ENODATA', 'ENOTSUP', 'EOPNOTSUPP'])]);
  const length = results.of(get);
  if (length < 0) return undefined;
  perform([syscall('fremovexattr', fd, name)]);
  return Buffer.from(results.bytes(memory).subarray(0, length));
}
