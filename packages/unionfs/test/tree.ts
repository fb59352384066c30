/** What a tree of files is, in a form that two of can be compared. */
import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { out, perform, syscall } from '@estiba/syscalls';

export interface TreeOptions {
  /** Times of directories; a mounted overlay shows those of the topmost. */
  readonly directoryTimes?: boolean;
  readonly times?: boolean;
}

/** One line for each file: everything that can be seen of it from outside. */
export function tree(directory: string, options: TreeOptions = {}): string[] {
  const groups = new Map<string, string>();
  const lines: string[] = [];
  const visit = (path: Buffer, name: string) => {
    const stats = lstatSync(path, { bigint: true });
    lines.push(describe(path, name, stats, groups, options));
    if (!stats.isDirectory()) return;
    const names = readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare);
    for (const child of names) {
      visit(Buffer.concat([path, Buffer.from('/'), child]), `${name}/${child.toString('latin1')}`);
    }
  };
  visit(Buffer.from(directory), '.');
  return lines;
}

function describe(
  path: Buffer,
  name: string,
  stats: BigIntStats,
  groups: Map<string, string>,
  { directoryTimes = true, times = true }: TreeOptions,
): string {
  const facts = [name, stats.mode.toString(8), `${stats.uid}:${stats.gid}`];
  if (times && (directoryTimes || !stats.isDirectory())) facts.push(String(bounded(stats.mtimeNs)));
  if (stats.isFile()) facts.push(createHash('sha1').update(readFileSync(path)).digest('hex'));
  if (stats.isSymbolicLink()) facts.push(readlinkSync(path, { encoding: 'latin1' }));
  if (stats.isCharacterDevice() || stats.isBlockDevice()) facts.push(`device ${stats.rdev}`);
  if (stats.nlink > 1n && !stats.isDirectory()) {
    const key = `${stats.dev}:${stats.ino}`;
    if (!groups.has(key)) groups.set(key, name);
    facts.push(`same as ${groups.get(key)}`);
  }
  return [...facts, ...xattrs(path)].join(' ');
}

/**
 * An inode of ext4 has 34 bits for the seconds, and the kernel takes the nearest that it can keep; an image has 64.
 * https://docs.kernel.org/filesystems/ext4/inodes.html#inode-timestamps
 */
function bounded(nanoseconds: bigint): bigint {
  const [first, last] = [-(2n ** 31n) * 10n ** 9n, (2n ** 31n - 1n + 3n * 2n ** 32n) * 10n ** 9n];
  if (nanoseconds < first) return first;
  return nanoseconds < last ? nanoseconds : last;
}

/** Extended attributes as `name=hex`. */
export function xattrs(file: string | Buffer): string[] {
  const path = Buffer.concat([Buffer.from(file), Buffer.alloc(1)]);
  const names = read((memory) => syscall('llistxattr', path, memory, 65536));
  return names
    .toString('latin1')
    .split('\0')
    .filter((name) => name !== '')
    .sort()
    .map(
      (name) =>
        `${name}=${read((memory) => syscall('lgetxattr', path, Buffer.from(`${name}\0`, 'latin1'), memory, 65536)).toString('hex')}`,
    );
}

function read(call: (memory: ReturnType<typeof out>) => ReturnType<typeof syscall>): Buffer {
  const memory = out(65536);
  const step = call(memory);
  const results = perform([step]);
  return results.bytes(memory).subarray(0, results.of(step));
}
