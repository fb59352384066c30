/** Which extended attributes of an entry are set, in which order, and which of a tree go along with a copy. xattr(7) */
import { attempt, type Call, out, perform, syscall } from '@estiba/syscalls';
import { terminated } from './beneath.ts';

export type Xattrs = ReadonlyMap<string, Buffer>;

export interface XattrOptions {
  readonly owner: 'keep' | 'self';
  /** Told of what this user or this file system cannot have. */
  readonly onSkipped: (what: string) => void;
}

/**
 * These steer the overlay that the tree will be part of, and are ours to set. An archive made inside of a container may
 * have those of an overlay of its own, which mean nothing without it.
 * https://docs.kernel.org/filesystems/overlayfs.html#nesting-overlayfs-mounts
 */
export function isOfOverlay(name: string): boolean {
  return /^(trusted|user)\.overlay\./.test(name);
}

/** Only files and directories have them: of others they could be written by nobody and read by nobody. xattr(7) */
export function isOfContent(name: string): boolean {
  return name.startsWith('user.');
}

/**
 * `early` are those that need the right to write, which the mode may take away; `late` those that the mode would change,
 * or that a change of the owner would take away: access lists, then file capabilities.
 */
export function setXattrs(
  xattrs: Xattrs,
  which: 'early' | 'late',
  call: (name: Buffer, value: Buffer) => Call,
  options: XattrOptions,
): void {
  if (xattrs.size === 0) return;
  const names = [...xattrs.keys()];
  const acls = names.filter(isAcl);
  const capabilities = names.filter(isCapability);
  const chosen =
    which === 'late' ? [...acls, ...capabilities] : names.filter((name) => !isAcl(name) && !isCapability(name));
  for (const name of chosen) setXattr(name, xattrs.get(name) as Buffer, call, options);
}

function setXattr(
  name: string,
  value: Buffer,
  call: (name: Buffer, value: Buffer) => Call,
  { owner, onSkipped }: XattrOptions,
): void {
  try {
    if (isOfOverlay(name)) onSkipped(`extended attribute ${name}`);
    else perform([call(terminated(name), value)]);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    // Labels and signatures of the machine that they come from; what counts here is for this one to say.
    const isForeign = name.startsWith('security.') && !isCapability(name) && ['EPERM', 'EINVAL'].includes(code);
    const isRefused = code === 'EPERM' && owner === 'self';
    if (code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && !isForeign && !isRefused) throw error;
    onSkipped(`extended attribute ${name}`);
  }
}

function isAcl(name: string): boolean {
  return name.startsWith('system.posix_acl_');
}

function isCapability(name: string): boolean {
  return name === 'security.capability';
}

/** Whether an attribute is of the file, and not of its file system, of the machine, or of an overlay. */
function goesAlong(name: string): boolean {
  return /^(user|trusted)\./.test(name) ? !isOfOverlay(name) : isAcl(name) || isCapability(name);
}

/** The attributes of a file that a copy of it gets, by a path whose last name is followed. */
export function xattrsOf(path: string): Map<string, Buffer> {
  const xattrs = new Map<string, Buffer>();
  for (const name of listXattrs(path)) {
    if (!goesAlong(name)) continue;
    xattrs.set(
      name,
      filled((memory, size) => syscall('getxattr', path, terminated(name), memory, size)),
    );
  }
  return xattrs;
}

/** Removes those that a copy would get, but for the ones that are kept. */
export function clearXattrs(fd: number, kept: Xattrs): void {
  for (const name of listXattrs(`/proc/self/fd/${fd}`)) {
    if (!goesAlong(name) || kept.has(name)) continue;
    perform([attempt([syscall('fremovexattr', fd, terminated(name))], ['ENODATA'])]);
  }
}

/** Names in latin1. Takes no right to read the file. */
export function listXattrs(path: string): string[] {
  const list = (memory: ReturnType<typeof out>, size: number) => syscall('listxattr', path, memory, size);
  return filled(list, ['ENOTSUP', 'EOPNOTSUPP'])
    .toString('latin1')
    .split('\0')
    .filter((name) => name !== '');
}

/** The largest that the kernel gives. xattr(7) */
function filled(
  call: (memory: ReturnType<typeof out>, size: number) => Call,
  tolerated: ('ENOTSUP' | 'EOPNOTSUPP')[] = [],
): Buffer {
  const memory = out(65536);
  const step = call(memory, 65536);
  const results = perform([attempt([step], tolerated)]);
  return Buffer.from(results.bytes(memory).subarray(0, Math.max(results.of(step), 0)));
}
