/** Who uses a directory as one of an overlay. Containers mount theirs where nobody else sees it. */
import { stat } from 'node:fs/promises';
import { mountNamespaces } from '../mounts/mount-namespaces.ts';
import type { MountPoint } from '../mounts/mountinfo.ts';

/**
 * Where an overlay is mounted that has it as its upper directory, or as the topmost of its lower ones; in mount namespaces
 * of others only as far as this user may look into them. proc_pid_mountinfo(5)
 */
export async function findMount(directory: string): Promise<string | undefined> {
  const wanted = await identityOf(directory);
  for await (const { process, mounts } of mountNamespaces()) {
    for (const mount of mounts) {
      if (mount.type !== 'overlay' || !(await hasOnTop(mount, { directory, wanted, process }))) continue;
      return process === 'self' ? mount.target : `${mount.target} in the mount namespace of process ${process}`;
    }
  }
  return undefined;
}

interface Sought {
  readonly directory: string;
  readonly wanted: string | undefined;
  readonly process: string;
}

/** The same directory may have been mounted by another path than ours, and by one that leads nowhere any more. */
async function hasOnTop({ options }: MountPoint, { directory, wanted, process }: Sought): Promise<boolean> {
  for (const path of topmost(options)) {
    if (path === directory) return true;
    if (wanted === undefined) continue;
    // The path was one of whoever mounted it, which may be of here, and may be of the others.
    const places = process === 'self' ? [path] : [path, `/proc/${process}/root${path}`];
    for (const place of places) if ((await identityOf(place)) === wanted) return true;
  }
  return false;
}

/** The kernel tells the texts that it was given: the paths of these two options may be escaped, those of `lowerdir+` are not. */
function topmost(options: readonly string[]): string[] {
  const first = (name: string) => options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  const top = /^(?:\\.|[^\\:])*/s.exec(first('lowerdir') ?? '')?.[0];
  const paths = [first('upperdir'), top, first('lowerdir+')].filter((path) => path?.startsWith('/'));
  return [...new Set((paths as string[]).flatMap((path) => [path, path.replace(/\\(.)/gs, '$1')]))];
}

/** Undefined for what is not there, or not for this user. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev} ${ino}`;
  } catch (error) {
    if (unseen.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

const unseen: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTDIR',
  'ESRCH',
  'EACCES',
  'EPERM',
  'ELOOP',
  'ENAMETOOLONG',
  'EIO',
  'ESTALE',
  'ENOTCONN',
]);
