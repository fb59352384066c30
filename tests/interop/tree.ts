/** What a tree of files is, as far as it can be seen from outside: facts by name for each path. */
import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type Call, out, perform, syscall } from '../../packages/syscalls/src/index.ts';

/** Paths from the root of the tree, which is `.`, in latin1: every byte is one character. */
export type Tree = ReadonlyMap<string, Facts>;
/** `type`, `mode`, `owner`, `mtime`, and what else there is: `size`, `content`, `link`, `device`, `names`, `xattr NAME`. */
export type Facts = Readonly<Record<string, string>>;

export function treeOf(directory: string): Tree {
  const tree = new Map<string, Record<string, string>>();
  const names = new Map<string, string[]>();
  for (const { path, name, stats } of walk(Buffer.from(directory), '.')) {
    tree.set(name, factsOf(path, stats));
    if (stats.isDirectory()) continue;
    const inode = `${stats.dev}:${stats.ino}`;
    names.set(inode, [...(names.get(inode) ?? []), name]);
  }
  for (const group of names.values()) {
    if (group.length === 1) continue;
    for (const name of group) (tree.get(name) as Record<string, string>).names = group.join(' = ');
  }
  return tree;
}

interface Seen {
  readonly path: Buffer;
  readonly name: string;
  readonly stats: BigIntStats;
}

function* walk(path: Buffer, name: string): Generator<Seen> {
  const stats = lstatSync(path, { bigint: true });
  yield { path, name, stats };
  if (!stats.isDirectory()) return;
  const children = readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare);
  for (const child of children) {
    yield* walk(
      Buffer.concat([path, Buffer.from('/'), child]),
      `${name}/${child.toString('latin1')}`.replace(/^\.\//, ''),
    );
  }
}

function factsOf(path: Buffer, stats: BigIntStats): Record<string, string> {
  const facts: Record<string, string> = {
    type: typeOf(stats),
    mode: (stats.mode & 0o7777n).toString(8).padStart(4, '0'),
    owner: `${stats.uid}:${stats.gid}`,
    mtime: timeOf(stats.mtimeNs),
  };
  if (stats.isFile()) {
    facts.size = String(stats.size);
    facts.content = createHash('sha256').update(readFileSync(path)).digest('hex');
  }
  if (stats.isSymbolicLink()) facts.link = readlinkSync(path, { encoding: 'latin1' });
  if (stats.isCharacterDevice() || stats.isBlockDevice()) facts.device = deviceOf(stats.rdev);
  for (const [name, value] of xattrsOf(path)) facts[`xattr ${name}`] = value;
  return facts;
}

function typeOf(stats: BigIntStats): string {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symbolic link';
  if (stats.isFIFO()) return 'FIFO';
  if (stats.isCharacterDevice()) return 'character device';
  if (stats.isBlockDevice()) return 'block device';
  return 'socket';
}

/** Seconds, also those before 1970, to the nanosecond. */
function timeOf(nanoseconds: bigint): string {
  const sign = nanoseconds < 0n ? '-' : '';
  const digits = (nanoseconds < 0n ? -nanoseconds : nanoseconds).toString().padStart(10, '0');
  return `${sign}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

// https://man7.org/linux/man-pages/man3/makedev.3.html
function deviceOf(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

/** Values in hexadecimal. */
function xattrsOf(path: Buffer): [name: string, value: string][] {
  const file = Buffer.concat([path, Buffer.alloc(1)]);
  const list = read((memory, size) => syscall('llistxattr', file, memory, size));
  return list
    .toString('latin1')
    .split('\0')
    .filter((name) => name !== '')
    .map((name) => [name, read((memory, size) => syscall('lgetxattr', file, name, memory, size)).toString('hex')]);
}

/** Asked twice: how long it is, and what. xattr(7) */
function read(call: (memory: ReturnType<typeof out> | undefined, size: number) => Call): Buffer {
  const asked = call(undefined, 0);
  const size = perform([asked]).of(asked);
  if (size === 0) return Buffer.alloc(0);
  const memory = out(size);
  const step = call(memory, size);
  const results = perform([step]);
  return results.bytes(memory).subarray(0, results.of(step));
}
