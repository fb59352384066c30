import { resolve } from 'node:path';
import { perform } from '@estiba/syscalls';
import { checkTarget } from './mounts/mount-target.ts';
import { type Mounted, mountedAt } from './mounts/mounted.ts';
import { type TmpfsOptions, tmpfs } from './steps/tmpfs.ts';

/**
 * Mount an empty file system in memory, now. `target` is made when missing; throws a UnionfsError with code NAME_INVALID where it
 * is no directory. Needs CAP_SYS_ADMIN. tmpfs(5)
 */
export async function mountTmpfs(target: string, options: TmpfsOptions = {}): Promise<Mounted> {
  const path = resolve(target);
  checkTarget(path, 'tree');
  perform(tmpfs(path, options));
  return await mountedAt(path);
}
