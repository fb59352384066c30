/** Opening by names that somebody else chose: the kernel refuses every way out of the directory. openat2(2) */
import { Buffer } from 'node:buffer';
import { constants } from 'node:os';
import { attempt, type OpenFlag, openat2, perform, type ResolveFlag } from '@estiba/syscalls';

/** No symbolic link is followed, no `..` obeyed, no mount point crossed. */
const resolve: readonly ResolveFlag[] = ['beneath', 'no-symlinks', 'no-magiclinks', 'no-xdev'];

const expected = ['ENOENT', 'ENOTDIR', 'ELOOP'] as const;

/** A descriptor for the caller to close; or which of the usual reasons there is none. */
export function openBeneath(
  directory: number,
  name: string,
  flags: readonly OpenFlag[],
): number | (typeof expected)[number] {
  const call = openat2(directory, terminated(name), { flags: [...flags, 'nofollow'], resolve });
  const result = perform([attempt([call], expected)], { keep: [call] }).of(call);
  return result >= 0 ? result : (expected.find((code) => constants.errno[code] === -result) ?? 'ENOENT');
}

/** The path of a name in an open directory, for calls of Node's; they must not follow the last component. */
export function place(directory: number, name: string): Buffer {
  return Buffer.from(`/proc/self/fd/${directory}/${name}`, 'latin1');
}

/** Bytes as system calls take them. */
export function terminated(name: string): Buffer {
  return Buffer.from(`${name}\0`, 'latin1');
}
