import { randomUUID } from 'node:crypto';
import { chmodSync, closeSync, lstatSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { openBeneath, place } from './beneath.ts';

/** Remove a name and, if it is a directory, all below it; links are removed, never followed. */
export function removeTree(directory: number, name: string): void {
  for (const _ of removal(directory, name));
}

const longest = 5;

/** The same with breaks for others, every few milliseconds. Resolves to the bytes given back. */
export async function removeTreeInTurns(directory: number, name: string): Promise<number> {
  let bytes = 0;
  let since = performance.now();
  for (const freed of removal(directory, name)) {
    bytes += freed;
    if (performance.now() - since < longest) continue;
    await setImmediate();
    since = performance.now();
  }
  return bytes;
}

/** The names in an open directory, in latin1. */
export function list(directory: number): string[] {
  return readdirSync(`/proc/self/fd/${directory}`, { encoding: 'buffer' }).map((name) => name.toString('latin1'));
}

/**
 * It takes two descriptors and no recursion however deep the tree is, and names of any bytes: what is not empty is moved up
 * and emptied there. Yields the bytes that each removal gives back; the last name of a file counts.
 */
function* removal(directory: number, name: string): Generator<number> {
  const freed = removeLeaf(directory, name);
  if (freed !== undefined) return yield freed;
  const top = open(directory, name);
  try {
    // rename(2) replaces an empty directory without a word: nobody must have a name like these.
    const moved = `.${randomUUID()}-`;
    let counter = 0;
    for (let names = list(top); names.length > 0; names = list(top)) {
      for (const child of names) {
        const childFreed = removeLeaf(top, child);
        if (childFreed !== undefined) {
          yield childFreed;
          continue;
        }
        const inner = open(top, child);
        try {
          for (const grandchild of list(inner)) {
            const innerFreed = removeLeaf(inner, grandchild);
            if (innerFreed !== undefined) {
              yield innerFreed;
              continue;
            }
            counter += 1;
            makeOurs(inner, grandchild);
            renameSync(place(inner, grandchild), place(top, moved + counter));
          }
        } finally {
          closeSync(inner);
        }
        yield removeLeaf(top, child) ?? 0;
      }
    }
  } finally {
    closeSync(top);
  }
  yield removeLeaf(directory, name) ?? 0;
}

/** Of a file of any kind, or an empty directory, the bytes that it gave back; undefined for what is not empty. */
function removeLeaf(directory: number, name: string): number | undefined {
  const path = place(directory, name);
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  const bytes = stats.nlink === 1 || stats.isDirectory() ? stats.blocks * 512 : 0;
  if (!stats.isDirectory()) {
    unlinkSync(path);
    return bytes;
  }
  try {
    rmdirSync(path);
    return bytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    return undefined;
  }
}

function open(directory: number, name: string): number {
  makeOurs(directory, name);
  const fd = openBeneath(directory, name, ['rdonly', 'directory']);
  if (typeof fd === 'string') throw new Error(`cannot empty ${name}: ${fd}`);
  return fd;
}

/** A directory whose mode forbids its owner to read, change or move it. Root needs no mode. */
function makeOurs(directory: number, name: string): void {
  if (process.geteuid?.() !== 0) chmodSync(place(directory, name), 0o700);
}
