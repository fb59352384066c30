/** Whether two trees have the same under a name. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Attributes } from '../layer/attributes.ts';
import type { TarEntry } from '../tar/tar-entry.ts';

/** What is compared; of both sides as they are on disk, before owners or times are changed for a layer. */
export interface Facts extends Attributes {
  readonly type: TarEntry['type'] | 'socket';
  readonly size: number;
  readonly link: Buffer;
  readonly major: number;
  readonly minor: number;
}

/** All but content. */
export function sameFacts(one: Facts, other: Facts): boolean {
  return (
    one.type === other.type &&
    // That of a link is never looked at.
    (one.mode === other.mode || one.type === 'symlink') &&
    one.uid === other.uid &&
    one.gid === other.gid &&
    one.size === other.size &&
    one.mtime.seconds === other.mtime.seconds &&
    one.mtime.nanoseconds === other.mtime.nanoseconds &&
    one.major === other.major &&
    one.minor === other.minor &&
    one.link.equals(other.link) &&
    sameXattrs(one.xattrs, other.xattrs)
  );
}

/** Of two files of the same size, which are opened one after the other. Yields nothing now and then: others have their turn. */
export function* sameContent(openOne: () => number, openOther: () => number): Generator<Buffer, boolean> {
  const one = openOne();
  try {
    const other = openOther();
    try {
      return yield* sameBytes(one, other);
    } finally {
      closeSync(other);
    }
  } finally {
    closeSync(one);
  }
}

/** By a descriptor that only stands for a file. open(2), O_PATH */
export function reopen(fd: number): number {
  return openSync(`/proc/self/fd/${fd}`, 'r');
}

const portion = 256 * 1024;
export const nothing: Buffer = Buffer.alloc(0);

function* sameBytes(one: number, other: number): Generator<Buffer, boolean> {
  const [left, right] = [Buffer.allocUnsafe(portion), Buffer.allocUnsafe(portion)];
  for (let at = 0; ; at += portion) {
    const length = fill(one, left, at);
    if (length !== fill(other, right, at) || left.compare(right, 0, length, 0, length) !== 0) return false;
    if (length < portion) return true;
    yield nothing;
  }
}

function sameXattrs(one: Attributes['xattrs'], other: Attributes['xattrs']): boolean {
  if (one.size !== other.size) return false;
  for (const [name, value] of one) if (other.get(name)?.equals(value) !== true) return false;
  return true;
}

function fill(fd: number, into: Buffer, position: number): number {
  let filled = 0;
  while (filled < into.length) {
    const read = readSync(fd, into, filled, into.length - filled, position + filled);
    if (read === 0) break;
    filled += read;
  }
  return filled;
}
