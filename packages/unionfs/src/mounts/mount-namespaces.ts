/** The mounts that this process can know of: containers make theirs where nobody else sees them. mount_namespaces(7) */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { type MountPoint, parseMountinfo } from './mountinfo.ts';

export interface MountNamespace {
  /** A process in it; `self` for that of this process, which comes first. */
  readonly process: string;
  readonly mounts: readonly MountPoint[];
}

/** Each once; those of others only as far as this user may look into them. proc_pid_mountinfo(5) */
export async function* mountNamespaces(): AsyncGenerator<MountNamespace> {
  const seen = new Set<string>();
  const processes = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name));
  for (const process of ['self', ...processes]) {
    const namespace = await orNothing(readlink(`/proc/${process}/ns/mnt`));
    if (namespace === undefined || seen.has(namespace)) continue;
    const text = await orNothing(readFile(`/proc/${process}/mountinfo`, 'utf8'));
    if (text === undefined) continue;
    seen.add(namespace);
    yield { process, mounts: parseMountinfo(text) };
  }
}

/** Processes end while one looks at them, and those of others are none of our business. */
async function orNothing(text: Promise<string>): Promise<string | undefined> {
  try {
    return await text;
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}
