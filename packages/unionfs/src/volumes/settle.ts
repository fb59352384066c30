/** Attributes that cannot be set before everything is in its place. */
import { chmodSync, constants, fstatSync, lstatSync, readdirSync } from 'node:fs';
import { Fd } from '@estiba/syscalls';
import { setAttributes, setTimes, timeOf } from '../layer/attributes.ts';
import { place } from '../layer/beneath.ts';
import { attributesOf } from '../layer/lower-view.ts';
import type { TarTime } from '../tar/tar-entry.ts';

export interface FillNote {
  /** Of the root of the tree: taking files out of it changes it. */
  readonly mtime: TarTime;
  /** Of the root, and of directories in it by their names in latin1. */
  readonly mode: number;
  readonly modes: readonly (readonly [name: string, mode: number])[];
}

/**
 * To move a directory out of another, an ordinary user needs the right to write in both: whatever their modes are to be, they
 * have that until all is done. rename(2)
 */
export function unlock(tree: string): FillNote {
  const mode = unlockOne(tree);
  using fd = openDirectory(tree);
  const mtime = timeOf(fd.number);
  const modes: [string, number][] = [];
  if (process.geteuid?.() === 0) return { mtime, mode, modes };
  for (const bytes of readdirSync(tree, { encoding: 'buffer' })) {
    const name = bytes.toString('latin1');
    const path = place(fd.number, name);
    const stats = lstatSync(path);
    if (!stats.isDirectory() || (stats.mode & 0o200) !== 0) continue;
    modes.push([name, stats.mode & 0o7777]);
    chmodSync(path, (stats.mode & 0o7777) | 0o200);
  }
  return { mtime, mode, modes };
}

/** A directory of one's own as something to write in; its mode before. Root needs no mode. */
export function unlockOne(directory: string): number {
  const mode = lstatSync(directory).mode & 0o7777;
  if (process.geteuid?.() !== 0 && (mode & 0o700) !== 0o700) chmodSync(directory, mode | 0o700);
  return mode;
}

/** The root of the volume becomes like that of the tree: owner, mode, time, extended attributes. */
export function settle(tree: string, data: string, { mtime, mode, modes }: FillNote): void {
  using from = openDirectory(tree);
  using to = openDirectory(data);
  for (const [name, own] of modes) {
    if (lstatSync(place(to.number, name), { throwIfNoEntry: false })?.isDirectory()) {
      chmodSync(place(to.number, name), own);
    }
  }
  const attributes = attributesOf({ fd: from.number, stats: fstatSync(from.number) });
  const owner = process.geteuid?.() === 0 ? 'keep' : 'self';
  setAttributes(to.number, { ...attributes, mode }, { owner, onSkipped: () => {} });
  setTimes(to.number, mtime);
}

function openDirectory(path: string): Fd {
  return Fd.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
}
