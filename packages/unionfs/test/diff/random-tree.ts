/** Trees that nobody would think of. */
import { aclFor, capability, type FileSpec, isRoot } from './make-tree.ts';
import type { Random } from './random.ts';

export function randomTree(random: Random, count: number): FileSpec[] {
  const files: FileSpec[] = [];
  const taken = new Set<string>();
  const directories = [''];
  const linkable: string[] = [];
  for (let made = 0; made < count; made++) {
    const path = `${random.of(directories)}${randomName(random)}`;
    // A path has to fit into a system call of the test itself.
    if (taken.has(path) || path.length > 2000) continue;
    taken.add(path);
    const file = randomFile(random, path, linkable);
    files.push(file);
    if (file.type === 'directory') directories.push(`${path}/`);
    else if (isRoot || (file.type !== 'character' && file.type !== 'block')) linkable.push(path);
  }
  return files;
}

export function randomFile(random: Random, path: string, linkable: readonly string[]): FileSpec {
  const type = random.of(types);
  if (type === 'hardlink' && linkable.length > 0) return { path, type, link: random.of(linkable) };
  const common = {
    path,
    // What a user cannot open a user cannot pack.
    mode: isRoot ? random.below(0o10000) : random.below(0o1000) | 0o700,
    ...(random.chance(0.5) && { owner: [random.of(ids), random.of(ids)] as const }),
    time: [random.of(seconds), random.chance(0.5) ? random.below(1_000_000_000) : 0] as const,
  };
  if (type === 'symlink') return { ...common, type, link: randomTarget(random) };
  if (type === 'character' || type === 'block') {
    return { ...common, type, device: [1 + random.below(4095), random.below(1_048_576)] };
  }
  if (type === 'fifo') return { ...common, type };
  const xattrs = randomXattrs(random, type === 'directory');
  if (type === 'directory') return { ...common, type, xattrs };
  if (random.chance(0.2)) return { ...common, type: 'file', xattrs, ...randomHoles(random) };
  return { ...common, type: 'file', xattrs, content: random.bytes(random.of(sizes)) };
}

export function randomName(random: Random): string {
  const name = random.of(names)(random);
  // Those of whiteouts cannot be said.
  return name === '.' || name === '..' || name.startsWith('.wh.') ? `x${name}` : name;
}

const types = [
  'file',
  'file',
  'file',
  'file',
  'directory',
  'directory',
  'directory',
  'symlink',
  'hardlink',
  'hardlink',
  'character',
  'block',
  'fifo',
] as const;
const ids = [0, 1, 1000, 65534, 2 ** 21 - 1, 2 ** 21, 2 ** 31, 2 ** 32 - 2];
const seconds = [-2_000_000_000, -1, 0, 1, 1_700_000_000, 2 ** 31, 2 ** 33];
const sizes = [0, 1, 10, 511, 512, 513, 4096, 20_000];

const names: readonly ((random: Random) => string)[] = [
  // Few and short, so that the same come up again.
  (random) => random.of(['a', 'b', 'c', 'd', 'e', 'f']),
  (random) => random.of(['a', 'b', 'c', 'd', 'e', 'f']),
  (random) => `name ${random.below(100)}`,
  (random) => random.of(['.hidden', '-rf', ' ', '\n', '..a', 'ä', '.wh', 'wh.x', 'ö\u0301', '*', '\\', '"']),
  (random) => 'n'.repeat(90 + random.below(166)),
  (random) =>
    Buffer.from(random.bytes(1 + random.below(20)).map((byte) => (byte === 0 || byte === 0x2f ? 0xff : byte))).toString(
      'latin1',
    ),
];

function randomTarget(random: Random): string {
  return random.of(['a', '../..', '/etc/passwd', 'none/such', 't'.repeat(99), 't'.repeat(101), '\xff\xfe', 'b/../a']);
}

function randomXattrs(random: Random, isDirectory: boolean): Record<string, Buffer> {
  const xattrs: Record<string, Buffer> = {};
  if (random.chance(0.3)) xattrs[`user.${random.of(['a', 'b=', '%25', 'ä'])}`] = random.bytes(random.of([0, 1, 30]));
  if (random.chance(0.1)) xattrs['system.posix_acl_access'] = aclFor(random.of(ids));
  if (random.chance(0.1) && isDirectory) xattrs['system.posix_acl_default'] = aclFor(random.of(ids));
  if (random.chance(0.1) && !isDirectory) xattrs['security.capability'] = capability;
  return xattrs;
}

function randomHoles(random: Random): Pick<FileSpec, 'content' | 'at' | 'size'> {
  const at = random.below(100_000);
  const content = random.bytes(random.below(5000));
  return { content, at, size: at + content.length + random.of([0, 1, 4096, 50_000]) };
}
