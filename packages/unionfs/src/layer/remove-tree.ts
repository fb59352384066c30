/** Removing what a layer replaces or hides. */
import { randomUUID } from 'node:crypto';
import { closeSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { openBeneath, place } from './beneath.ts';

/**
 * Remove a name and, if it is a directory, all below it; links are removed, never followed. It takes two descriptors
 * and no recursion however deep the tree is: what is not empty is moved up and emptied there.
 */
export function removeTree(directory: number, name: string): void {
  if (removeLeaf(directory, name)) return;
  const top = openBeneath(directory, name, ['rdonly', 'directory']);
  if (typeof top === 'string') throw new Error(`cannot empty ${name}: ${top}`);
  try {
    // rename(2) replaces an empty directory without a word: nobody must have a name like these.
    const moved = `.${randomUUID()}-`;
    let counter = 0;
    for (let names = list(top); names.length > 0; names = list(top)) {
      for (const child of names) {
        if (removeLeaf(top, child)) continue;
        const inner = openBeneath(top, child, ['rdonly', 'directory']);
        if (typeof inner === 'string') throw new Error(`cannot empty ${child}: ${inner}`);
        try {
          for (const grandchild of list(inner)) {
            if (removeLeaf(inner, grandchild)) continue;
            counter += 1;
            renameSync(place(inner, grandchild), place(top, moved + counter));
          }
        } finally {
          closeSync(inner);
        }
        rmdirSync(place(top, child));
      }
    }
  } finally {
    closeSync(top);
  }
  rmdirSync(place(directory, name));
}

/** The names in an open directory, in latin1. */
export function list(directory: number): string[] {
  return readdirSync(`/proc/self/fd/${directory}`, { encoding: 'buffer' }).map((name) => name.toString('latin1'));
}

/** A file of any kind, or an empty directory. */
function removeLeaf(directory: number, name: string): boolean {
  const path = place(directory, name);
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EISDIR') throw error;
  }
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    return false;
  }
}
