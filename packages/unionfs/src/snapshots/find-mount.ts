/** Who uses a directory as the upper one of an overlay. Containers mount theirs where nobody else sees it. */
import { readdir, readFile, readlink } from 'node:fs/promises';

/** Where it is mounted; in mount namespaces of others only as far as this user may look into them. proc_pid_mountinfo(5) */
export async function findMount(upper: string): Promise<string | undefined> {
  const option = `upperdir=${escaped(upper)}`;
  const seen = new Set<string>();
  const processes = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name));
  for (const process of ['self', ...processes]) {
    const namespace = await orNothing(readlink(`/proc/${process}/ns/mnt`));
    if (namespace === undefined || seen.has(namespace)) continue;
    const mounts = await orNothing(readFile(`/proc/${process}/mountinfo`, 'utf8'));
    if (mounts === undefined) continue;
    seen.add(namespace);
    const line = mounts.split('\n').find((text) => text.split(' ').at(-1)?.split(',').includes(option));
    if (line === undefined) continue;
    const target = line.split(' ')[4] ?? '';
    return process === 'self' ? target : `${target} in the mount namespace of process ${process}`;
  }
  return undefined;
}

/** As overlayfs shows paths there. */
function escaped(path: string): string {
  return path.replace(/[\\ \t\n#,]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
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
