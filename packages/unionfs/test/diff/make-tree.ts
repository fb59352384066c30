/** Trees of files as data, and made: whatever a file system can hold, as far as the user who runs the tests may have it. */
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, attempt, mknod, perform, syscall, words } from '@estiba/syscalls';

export const isRoot = process.geteuid?.() === 0;

export interface FileSpec {
  /** From the root of the tree, in latin1; a directory before what is in it, and a file before other names of it. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo';
  readonly mode?: number;
  readonly owner?: readonly [uid: number, gid: number];
  /** Seconds and nanoseconds. */
  readonly time?: readonly [number, number];
  readonly content?: string | Buffer;
  /** Where the content is in a file that is a hole otherwise, and how large that is. */
  readonly at?: number;
  readonly size?: number;
  /** In latin1; of a hard link from the root of the tree. */
  readonly link?: string;
  readonly device?: readonly [number, number];
  readonly xattrs?: Readonly<Record<string, Buffer>>;
}

export function makeTree(root: string, files: readonly FileSpec[]): void {
  mkdirSync(root, { recursive: true });
  const devices = new Set(files.filter(({ type }) => type === 'character' || type === 'block').map(({ path }) => path));
  const possible = files.filter(({ path, link = '' }) => isRoot || !(devices.has(path) || devices.has(link)));
  for (const file of possible) makeFile(root, file);
  // Making files in a directory moves its time, and its mode may forbid it.
  for (const file of possible.toReversed()) if (file.type !== 'hardlink') setAttributes(root, file);
}

export function makeFile(root: string, file: FileSpec): void {
  const path = pathOf(root, file.path);
  const target = file.link ?? '';
  if (file.type === 'directory') mkdirSync(path);
  else if (file.type === 'symlink') symlinkSync(Buffer.from(target, 'latin1'), path);
  else if (file.type === 'hardlink') linkSync(pathOf(root, target), path);
  else if (file.type !== 'file') makeNode(path, file);
  else if (file.size === undefined) writeFileSync(path, file.content ?? '', { flag: 'wx' });
  else makeSparse(path, file);
}

/** Owner, mode, attributes, time. */
export function setAttributes(root: string, file: FileSpec): void {
  const { mode, owner, time, xattrs = {} } = file;
  const path = pathOf(root, file.path);
  const terminated = Buffer.concat([path, Buffer.alloc(1)]);
  const isLink = file.type === 'symlink';
  if (owner !== undefined && isRoot) (isLink ? lchownSync : chownSync)(path, ...owner);
  if (mode !== undefined && !isLink) chmodSync(path, mode);
  for (const [name, value] of Object.entries(xattrs)) {
    const set = syscall('lsetxattr', terminated, Buffer.from(`${name}\0`, 'latin1'), value, value.length, 0);
    perform([attempt([set], ['ENOTSUP', 'EPERM', 'EACCES'])]);
  }
  if (time === undefined) return;
  const times = words(...time, ...time);
  perform([syscall('utimensat', AT_FDCWD, terminated, times, AT_SYMLINK_NOFOLLOW)]);
}

export function pathOf(root: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
}

/** An access list with one more user. acl(5) */
export function aclFor(user: number): Buffer {
  const [USER_OBJ, USER, GROUP_OBJ, MASK, OTHER] = [1, 2, 4, 16, 32];
  const entries = [
    [USER_OBJ, 7, 0xffffffff],
    [USER, 4, user],
    [GROUP_OBJ, 4, 0xffffffff],
    [MASK, 4, 0xffffffff],
    [OTHER, 0, 0xffffffff],
  ] as const;
  const acl = Buffer.alloc(4 + entries.length * 8);
  acl.writeUInt32LE(2, 0);
  for (const [at, [tag, permissions, id]] of entries.entries()) {
    acl.writeUInt16LE(tag, 4 + at * 8);
    acl.writeUInt16LE(permissions, 6 + at * 8);
    acl.writeUInt32LE(id, 8 + at * 8);
  }
  return acl;
}

/** cap_setuid,cap_dac_override,cap_fowner+ep: a newline is among its bytes. capabilities(7) */
export const capability = Buffer.from('010000028a00000000000000000000000000000000'.slice(0, 40), 'hex');

function makeNode(path: Buffer, { type, device }: FileSpec): void {
  const types = { character: 0o020000, block: 0o060000, fifo: 0o010000 } as const;
  const mode = types[type as keyof typeof types] | 0o600;
  perform([mknod(Buffer.concat([path, Buffer.alloc(1)]), mode, device ?? [0, 0])]);
}

function makeSparse(path: Buffer, { content = '', at = 0, size = 0 }: FileSpec): void {
  const fd = openSync(path, 'wx');
  ftruncateSync(fd, size);
  const bytes = Buffer.from(content);
  if (bytes.length > 0) writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}
