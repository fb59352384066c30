/**
 * Numbers of mounts are used again as soon as they are free; since Linux 6.8 each has one that is not.
 * statx(2), STATX_MNT_ID_UNIQUE; statmount(2)
 */
import { constants } from 'node:os';
import { AT_EMPTY_PATH, attempt, type Fd, out, perform, syscall } from '@estiba/syscalls';

const STATX_MNT_ID_UNIQUE = 0x4000;

/** Of what a path leads to, or of a descriptor; undefined for nothing, and on older kernels. Links are not followed. */
export function uniqueMountId(place: string | Fd): bigint | undefined {
  const [AT_FDCWD, AT_SYMLINK_NOFOLLOW, AT_NO_AUTOMOUNT] = [-100, 0x100, 0x800];
  const memory = out(256);
  const [directory, path, flags] =
    typeof place === 'string' ? [AT_FDCWD, place, AT_SYMLINK_NOFOLLOW] : [place, '', AT_EMPTY_PATH];
  const call = syscall('statx', directory, path, flags | AT_NO_AUTOMOUNT, STATX_MNT_ID_UNIQUE, memory);
  const results = perform([attempt([call], ['ENOENT', 'ENOTDIR'])]);
  if (results.of(call) !== 0) return undefined;
  const found = results.bytes(memory);
  return (found.readUInt32LE(0) & STATX_MNT_ID_UNIQUE) === 0 ? undefined : found.readBigUInt64LE(144);
}

/**
 * Whether it is still in this mount namespace, as far as can be seen from the root of this process; undefined where the call is
 * forbidden: filters that are older than it refuse it. seccomp(2)
 */
export function hasMount(id: bigint): boolean | undefined {
  const STATMOUNT_MNT_BASIC = 2n;
  const request = Buffer.alloc(24);
  request.writeUInt32LE(request.length);
  request.writeBigUInt64LE(id, 8);
  request.writeBigUInt64LE(STATMOUNT_MNT_BASIC, 16);
  const call = syscall('statmount', request, out(4096), 4096, 0);
  const result = perform([attempt([call], ['ENOENT', 'EPERM', 'ENOSYS'])]).of(call);
  return result === 0 || (result === -constants.errno.ENOENT ? false : undefined);
}
