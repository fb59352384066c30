import { statfsSync } from 'node:fs';
import { resolve } from 'node:path';
import { perform, SyscallError, syscall } from '@estiba/syscalls';
import { checkTarget } from './mounts/mount-target.ts';
import { type Mounted, mountedAt } from './mounts/mounted.ts';
import { type BindOptions, bind } from './steps/bind.ts';

/**
 * Show a file or directory at a second place, now. `target` is made when missing. Needs CAP_SYS_ADMIN, Linux 5.12. Throws a
 * SyscallError; with code EINVAL where the file system of `source` takes no id map. A `target` that is a symbolic link is refused by
 * a UnionfsError with code NAME_INVALID. mount_setattr(2)
 */
export async function mountBind(source: string, target: string, options: BindOptions = {}): Promise<Mounted> {
  const [from, path] = [resolve(source), resolve(target)];
  checkTarget(path, 'any');
  try {
    perform(bind(from, path, options));
  } catch (error) {
    throw options.idmap === undefined ? error : explained(error, from, path);
  }
  return mountedAt(path);
}

function explained(error: unknown, source: string, target: string): unknown {
  if (!(error instanceof SyscallError) || error.syscall !== 'mount_setattr' || error.code !== 'EINVAL') return error;
  const type = `0x${(statfsSync(source).type >>> 0).toString(16)}`;
  return new SyscallError({
    errno: -error.errno,
    call: syscall('mount_setattr'),
    step: `bind ${source} to ${target}`,
    message: `cannot show it by an id map: EINVAL, the file system (statfs(2) says ${type}) takes none on this kernel, or the namespace is the one it belongs to; ext4, xfs and btrfs do, and tmpfs since Linux 6.3`,
  });
}
