/** Which names are one file, in one of two trees and in the other. */
import { closeSync, lstatSync } from 'node:fs';
import { openBeneath } from '../layer/beneath.ts';
import { nothing } from './equality.ts';
import type { Folder } from './folder.ts';

/**
 * The paths that have to be sent, however equal they are, because they are one file with other names than before. Of the
 * names that one file had, those that are still one file can stay as they are, unless another name has joined them.
 */
export function* relinked(before: Folder, after: Folder): Generator<Buffer, ReadonlySet<string>> {
  const [was, is] = [new Map<string, string>(), new Map<string, string>()];
  yield* collect(before, was);
  yield* collect(after, is);
  const sent = new Set<string>();
  const kept = new Set<string>();
  for (const paths of together(new Set([...was.keys(), ...is.keys()]), is, after)) {
    const origins = new Set(paths.map((path) => was.get(path) ?? path));
    const [origin = ''] = origins;
    if (origins.size === 1 && !kept.has(origin)) kept.add(origin);
    else for (const path of paths) sent.add(path);
  }
  return sent;
}

/** Path to inode of everything that has several names. */
function* collect(folder: Folder, inodes: Map<string, string>): Generator<Buffer> {
  for (const name of folder.names()) {
    const stats = lstatSync(folder.place(name), { bigint: true, throwIfNoEntry: false });
    if (stats?.isDirectory()) {
      using inner = folder.enter(name);
      yield* collect(inner, inodes);
    } else if (stats !== undefined && stats.nlink > 1n) {
      inodes.set(folder.pathOf(name), `${stats.dev}:${stats.ino}`);
    }
    yield nothing;
  }
}

/** The paths by the file that they are names of. */
function together(paths: ReadonlySet<string>, inodes: ReadonlyMap<string, string>, tree: Folder): Iterable<string[]> {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const inode = inodes.get(path);
    if (inode === undefined && !exists(tree, path)) continue;
    const key = inode ?? path;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [path]);
    else group.push(path);
  }
  return groups.values();
}

function exists(tree: Folder, path: string): boolean {
  const fd = openBeneath(tree.fd, path, ['path']);
  if (typeof fd === 'number') closeSync(fd);
  return typeof fd === 'number';
}
