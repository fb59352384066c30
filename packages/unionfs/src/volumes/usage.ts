/** What a tree takes, as du(1) counts: blocks on the disk, each file once whatever names it has. */
import { closeSync, constants, lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Fd } from '@estiba/syscalls';
import { openBeneath, place } from '../layer/beneath.ts';
import { list } from '../layer/remove-tree.ts';
import { UnionfsError } from '../unionfs-error.ts';

export interface Usage {
  readonly bytes: number;
  /** Files of any kind, directories among them. */
  readonly inodes: number;
}

/** What lies deeper is left out: nobody can be made to hold descriptors without end. */
const deepest = 500;
const longest = 5;

/**
 * Of a directory and all in it; undefined when there is none. Throws LAYER_REFUSED where modes keep an ordinary user out of
 * what is his own: to measure it he would have to change it.
 */
export async function usageAt(path: string): Promise<Usage | undefined> {
  using directory = openAt(path);
  return directory && (await usageOf(directory.number));
}

function openAt(path: string): Fd | undefined {
  try {
    return readable(
      () => Fd.open(path, constants.O_RDONLY | constants.O_DIRECTORY),
      () => path,
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Of an open directory and all in it, with breaks for others. Files that come and go meanwhile may be counted or not. */
async function usageOf(directory: number): Promise<Usage> {
  const counted = new Set<string>();
  let [bytes, inodes, since] = [0, 0, performance.now()];
  for (const { id, size } of walk(directory, 0)) {
    if (performance.now() - since > longest) {
      await setImmediate();
      since = performance.now();
    }
    if (id !== undefined) {
      if (counted.has(id)) continue;
      counted.add(id);
    }
    bytes += size;
    inodes += 1;
  }
  return { bytes, inodes };
}

/** `id` for what has more than one name. */
function* walk(
  directory: number,
  depth: number,
): Generator<{ readonly id: string | undefined; readonly size: number }> {
  const self = readable(
    () => lstatSync(place(directory, '.')),
    () => pathOf(directory, '.'),
  );
  yield { id: undefined, size: self.blocks * 512 };
  for (const name of list(directory)) {
    const find = () => lstatSync(place(directory, name), { throwIfNoEntry: false });
    const stats = readable(find, () => pathOf(directory, '.'));
    if (stats === undefined) continue;
    if (!stats.isDirectory()) {
      yield { id: stats.nlink > 1 ? `${stats.dev}:${stats.ino}` : undefined, size: stats.blocks * 512 };
      continue;
    }
    // Nothing that is mounted inside is part of it.
    const inner = depth < deepest ? enter(directory, name) : undefined;
    if (inner === undefined) continue;
    try {
      yield* walk(inner, depth + 1);
    } finally {
      closeSync(inner);
    }
  }
}

function enter(directory: number, name: string): number | undefined {
  try {
    const open = () => openBeneath(directory, name, ['rdonly', 'directory']);
    const inner = readable(open, () => pathOf(directory, name));
    return typeof inner === 'number' ? inner : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EXDEV') return undefined;
    throw error;
  }
}

function readable<T>(action: () => T, path: () => string): T {
  try {
    return action();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EACCES') throw cause;
    const why = `the mode of ${path()} keeps its own owner out; measure as root`;
    throw new UnionfsError('LAYER_REFUSED', `cannot measure what a tree takes: ${why}`, { cause });
  }
}

function pathOf(directory: number, name: string): string {
  return join(readlinkSync(`/proc/self/fd/${directory}`), Buffer.from(name, 'latin1').toString());
}
