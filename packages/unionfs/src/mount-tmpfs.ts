import { resolve } from 'node:path';
import { perform } from '@estiba/syscalls';
import { type Mounted, mountedAt } from './mounts/mounted.ts';
import { type TmpfsOptions, tmpfs } from './steps/tmpfs.ts';

/** Mount an empty file system in memory, now. `target` is made when missing. Needs CAP_SYS_ADMIN. tmpfs(5) */
export async function mountTmpfs(target: string, options: TmpfsOptions = {}): Promise<Mounted> {
  const path = resolve(target);
  perform(tmpfs(path, options));
  return await mountedAt(path);
}
