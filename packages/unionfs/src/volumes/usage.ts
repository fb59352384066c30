/** What a tree takes, as du(1) counts: blocks on the disk, each file once whatever names it has. */
import { closeSync, lstatSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { openBeneath, place } from '../layer/beneath.ts';
import { list } from '../layer/remove-tree.ts';

export interface Usage {
  readonly bytes: number;
  /** Files of any kind, directories among them. */
  readonly inodes: number;
}

/** What lies deeper is left out: nobody can be made to hold descriptors without end. */
const deepest = 500;
const longest = 5;

/** Of an open directory and all in it, with breaks for others. Files that come and go meanwhile may be counted or not. */
export async function usageOf(directory: number): Promise<Usage> {
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
  const self = lstatSync(place(directory, '.'));
  yield { id: undefined, size: self.blocks * 512 };
  for (const name of list(directory)) {
    const stats = lstatSync(place(directory, name), { throwIfNoEntry: false });
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
    const inner = openBeneath(directory, name, ['rdonly', 'directory']);
    return typeof inner === 'number' ? inner : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EXDEV') return undefined;
    throw error;
  }
}
