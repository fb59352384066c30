/** What may happen to a tree of files between two layers. */
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type FileSpec, makeFile, pathOf, setAttributes } from './make-tree.ts';
import type { Random } from './random.ts';
import { randomFile, randomName, randomTree } from './random-tree.ts';

export function changeTree(root: string, random: Random, count: number): void {
  for (let change = 0; change < count; change++) random.of(changes)(root, random);
}

type Change = (root: string, random: Random) => void;

const remove: Change = (root, random) => {
  const path = any(root, random);
  if (path !== undefined) removeAll(root, path);
};

/** Something else by the same name. */
const replace: Change = (root, random) => {
  const path = any(root, random);
  if (path === undefined) return;
  const others = all(root).filter((other) => !isWithin(other, path) && !isDirectory(root, other));
  removeAll(root, path);
  add(root, randomFile(random, path, others));
};

/** A directory by another one, so that nothing of what was in it may show. */
const replaceDirectory: Change = (root, random) => {
  const path = any(root, random, (each) => isDirectory(root, each));
  if (path === undefined) return;
  removeAll(root, path);
  mkdirSync(pathOf(root, path));
  if (random.chance(0.5)) addMany(root, random, `${path}/`);
};

const addNew: Change = (root, random) => {
  const path = free(root, random);
  if (path !== undefined)
    add(
      root,
      randomFile(
        random,
        path,
        all(root).filter((other) => !isDirectory(root, other)),
      ),
    );
};

const addTree: Change = (root, random) => {
  const path = free(root, random);
  if (path === undefined) return;
  mkdirSync(pathOf(root, path));
  addMany(root, random, `${path}/`);
};

const write: Change = (root, random) => {
  const path = any(root, random, (each) => isFile(root, each));
  if (path === undefined) return;
  const content = random.bytes(random.below(3000));
  if (random.chance(0.5)) writeFileSync(pathOf(root, path), content);
  else appendFileSync(pathOf(root, path), content);
};

const chmod: Change = (root, random) => {
  const path = any(root, random, (each) => !lstatSync(pathOf(root, each)).isSymbolicLink());
  if (path !== undefined) chmodSync(pathOf(root, path), random.below(0o1000) | 0o700);
};

const attributes: Change = (root, random) => {
  const path = any(root, random);
  if (path === undefined) return;
  const stats = lstatSync(pathOf(root, path));
  const file = randomFile(random, path, []);
  const { mode: _, ...rest } = file;
  const type = stats.isSymbolicLink() ? 'symlink' : stats.isDirectory() ? 'directory' : 'file';
  const xattrs = type === 'file' && !stats.isFile() ? {} : (file.xattrs ?? {});
  setAttributes(root, { ...rest, type, xattrs: type === 'symlink' ? {} : xattrs });
};

const move: Change = (root, random) => {
  const path = any(root, random);
  const to = free(root, random);
  if (path === undefined || to === undefined || isWithin(to, path)) return;
  try {
    renameSync(pathOf(root, path), pathOf(root, to));
  } catch (error) {
    // A directory of the layers below cannot be moved in an overlay.
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
  }
};

const link: Change = (root, random) => {
  const path = any(root, random, (each) => !isDirectory(root, each));
  const to = free(root, random);
  if (path !== undefined && to !== undefined) linkSync(pathOf(root, path), pathOf(root, to));
};

/** One of several names gets a file of its own, equal to the other. */
const unlink: Change = (root, random) => {
  const path = any(root, random, (each) => isFile(root, each) && lstatSync(pathOf(root, each)).nlink > 1);
  if (path === undefined) return;
  const place = pathOf(root, path);
  const { mtime } = lstatSync(place);
  rmSync(place);
  const others = all(root).filter((other) => isFile(root, other));
  if (others.length > 0) copyFileSync(pathOf(root, random.of(others)), place);
  else writeFileSync(place, '');
  setAttributes(root, { path, type: 'file', mode: 0o755, time: [Math.floor(mtime.getTime() / 1000), 0] });
};

const changes: readonly Change[] = [
  ...[remove, replace, replaceDirectory, addNew, addTree, write],
  ...[chmod, attributes, move, link, link, unlink],
];

function add(root: string, file: FileSpec): void {
  try {
    makeFile(root, file);
  } catch (error) {
    // Devices for ordinary users.
    if ((error as NodeJS.ErrnoException).code === 'EPERM') return;
    throw error;
  }
  if (file.type !== 'hardlink') setAttributes(root, file);
}

function addMany(root: string, random: Random, prefix: string): void {
  const files = randomTree(random, 5);
  const below = (path: string) => `${prefix}${path}`;
  for (const file of files) {
    add(root, { ...file, path: below(file.path), ...(file.type === 'hardlink' && { link: below(file.link ?? '') }) });
  }
}

/** Paths of everything, in latin1 and an order that depends on names alone. */
function all(root: string, path = ''): string[] {
  const paths: string[] = [];
  for (const name of readdirSync(pathOf(root, path), { encoding: 'buffer' }).sort(Buffer.compare)) {
    const inner = `${path}${name.toString('latin1')}`;
    paths.push(inner);
    if (isDirectory(root, inner)) paths.push(...all(root, `${inner}/`));
  }
  return paths;
}

function any(root: string, random: Random, fits: (path: string) => boolean = () => true): string | undefined {
  return random.of(all(root).filter(fits));
}

function free(root: string, random: Random): string | undefined {
  const directories = [
    '',
    ...all(root)
      .filter((path) => isDirectory(root, path))
      .map((path) => `${path}/`),
  ];
  const path = `${random.of(directories)}${randomName(random)}`;
  return path.length > 2000 || lstatSync(pathOf(root, path), { throwIfNoEntry: false }) ? undefined : path;
}

function removeAll(root: string, path: string): void {
  rmSync(pathOf(root, path), { recursive: true });
}

function isDirectory(root: string, path: string): boolean {
  return lstatSync(pathOf(root, path)).isDirectory();
}

function isFile(root: string, path: string): boolean {
  return lstatSync(pathOf(root, path)).isFile();
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
