import { resolve } from 'node:path';
import { perform } from '@estiba/syscalls';
import { checkTarget } from './mounts/mount-target.ts';
import { type Mounted, mountedAt } from './mounts/mounted.ts';
import { attach } from './steps/detached-mount.ts';
import { type TmpfsOptions, tmpfsTree } from './steps/tmpfs.ts';

/**
 * Mount an empty file system in memory, now. `target` is made when missing; throws a UnionfsError with code NAME_INVALID where it
 * is no directory. Needs CAP_SYS_ADMIN. tmpfs(5)
 */
export async function mountTmpfs(target: string, options: TmpfsOptions = {}): Promise<Mounted> {
  const path = resolve(target);
  checkTarget(path, 'tree');
  const made = tmpfsTree(options);
  using tree = perform(attach('tmpfs', made, path), { keep: [made.tree] }).fd(made.tree);
  return mountedAt(path, tree);
}
