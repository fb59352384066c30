/** Who uses a directory as one of an overlay. Containers mount theirs where nobody else sees it. */
import { stat } from 'node:fs/promises';
import { mountNamespaces } from '../mounts/mount-namespaces.ts';
import { ownerAmong } from '../mounts/mount-owner.ts';
import type { MountPoint } from '../mounts/mountinfo.ts';

/**
 * Where an overlay is mounted that has it as its upper directory, or as the topmost of its lower ones; in mount namespaces
 * of others only as far as this user may look into them. proc_pid_mountinfo(5)
 */
export async function findMount(directory: string): Promise<UsedBy | undefined> {
  const wanted = await identityOf(directory);
  for await (const { process, mounts } of mountNamespaces()) {
    for (const mount of mounts) {
      if (mount.type !== 'overlay' || !(await hasOnTop(mount, { directory, wanted, process }))) continue;
      if (process !== 'self')
        return { place: `${mount.target} in the mount namespace of process ${process}`, left: false };
      return { place: mount.target, left: ownerAmong(mounts, mount) === 'ended' };
    }
  }
  return undefined;
}

export interface UsedBy {
  /** Where, in words. */
  readonly place: string;
  /** Who mounted it has ended, and `prune` can unmount it. */
  readonly left: boolean;
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

/**
 * The upper directory and the topmost lower one. The kernel tells the texts that it was given: the paths of `upperdir` and `lowerdir`
 * may be escaped, those of `lowerdir+` are not.
 */
export function topmost(options: readonly string[]): string[] {
  const first = (name: string) => options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  const top = /^(?:\\.|[^\\:])*/s.exec(first('lowerdir') ?? '')?.[0];
  const paths = [first('upperdir'), top, first('lowerdir+')].filter((path) => path?.startsWith('/'));
  return [...new Set((paths as string[]).flatMap((path) => [path, path.replace(/\\(.)/gs, '$1')]))];
}

/** All of them, as the kernel tells them. */
export function directoriesOf(options: readonly string[]): string[] {
  return options.flatMap((option) => {
    const [, name, text = ''] = /^(upperdir|lowerdir|lowerdir\+|datadir\+)=(.*)$/s.exec(option) ?? [];
    const paths = name === 'lowerdir' ? (text.match(/(?:\\.|[^\\:])+/gs) ?? []) : [text];
    if (name === undefined || text === '') return [];
    return [...new Set(paths.flatMap((path) => [path, path.replace(/\\(.)/gs, '$1')]))];
  });
}

/** Undefined for what is not there, or not for this user. */
export async function identityOf(path: string): Promise<string | undefined> {
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
