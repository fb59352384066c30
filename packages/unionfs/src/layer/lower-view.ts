/** The layers below, as one tree: what an entry that needs more than its own layer is looked up in. */
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { open, out, perform, syscall } from '@estiba/syscalls';
import { overlayTree } from '../steps/overlay.ts';
import { shown } from '../tar/tar-entry.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { type Attributes, timeOf } from './attributes.ts';
import { openBeneath } from './beneath.ts';
import { dataExtents } from './data-extents.ts';
import { xattrsOf } from './extended-attributes.ts';
import { lookThrough } from './look-through.ts';

export interface Found {
  /** Stands for the file (O_PATH); closed when the look is over. */
  readonly fd: number;
  readonly stats: Stats;
}

export class LowerView implements Disposable {
  readonly #fds: readonly number[];
  readonly #namespace: 'trusted' | 'user';

  private constructor(fds: readonly number[], namespace: 'trusted' | 'user') {
    this.#fds = fds;
    this.#namespace = namespace;
  }

  /**
   * The topmost directory first; undefined where there are none. Several are mounted as one, or looked through one after
   * the other where this process may not, or the kernel cannot, mount them. The mount is never attached anywhere: it is gone
   * with its descriptor.
   */
  static open(lower: readonly string[], namespace: 'trusted' | 'user'): LowerView | undefined {
    if (lower.length === 0) return undefined;
    if (lower.length === 1) return new LowerView(openAll(lower), namespace);
    try {
      const { steps, tree } = overlayTree({ lower, options: namespace === 'user' ? ['userxattr'] : [] });
      return new LowerView([perform(steps, { keep: [tree] }).of(tree)], namespace);
    } catch (error) {
      if (!['EPERM', 'EINVAL', 'OVERLAY_UNSUPPORTED'].includes((error as NodeJS.ErrnoException).code ?? ''))
        throw error;
      return new LowerView(openAll(lower), namespace);
    }
  }

  /** Look at a path that has no links in it; undefined when there is no such thing. */
  look<T>(path: string, see: (found: Found) => T): T | undefined {
    const fd = this.#findOrSay(path);
    if (fd === undefined) return undefined;
    try {
      return see({ fd, stats: fstatSync(fd) });
    } finally {
      closeSync(fd);
    }
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds) closeSync(fd);
  }

  #findOrSay(path: string): number | undefined {
    try {
      return this.#find(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
      throw new UnionfsError(
        'LAYER_REFUSED',
        `cannot look at ${shown(Buffer.from(path, 'latin1'))} in the layers below: the mode of a directory there keeps its own owner out; unpack as root`,
        { cause: error },
      );
    }
  }

  #find(path: string): number | undefined {
    const [only] = this.#fds;
    if (only === undefined || this.#fds.length > 1) return lookThrough(this.#fds, path, this.#namespace);
    const fd = openBeneath(only, path === '' ? '.' : path, ['path']);
    return typeof fd === 'string' ? undefined : fd;
  }
}

/** Of a file or directory found below: owner, mode, time, and those extended attributes that go along with it. */
export function attributesOf({ fd, stats }: Found): Attributes {
  return {
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    mtime: timeOf(fd),
    // The path of a descriptor that stands for a link ends there: the link is not followed.
    xattrs: xattrsOf(`/proc/self/fd/${fd}`),
  };
}

/** Where a symbolic link found below points. */
export function linkTarget({ fd }: Found): Buffer {
  const memory = out(4096);
  const call = syscall('readlinkat', fd, '', memory, 4096);
  const results = perform([call]);
  return Buffer.from(results.bytes(memory).subarray(0, results.of(call)));
}

export interface Data {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** A file found below, to be read after the look is over. */
export interface Opened {
  /** The caller's to close. */
  readonly file: number;
  readonly size: number;
}

export function openFound({ fd, stats }: Found): Opened {
  return { file: openSync(`/proc/self/fd/${fd}`, 'r'), size: stats.size };
}

/** Its content, in pieces, without holes: of these there may be more than anybody has the time to read. */
export function* dataIn({ file, size }: Opened): Generator<Data> {
  const piece = Buffer.allocUnsafe(1024 * 1024);
  for (const { offset, length } of dataExtents(file, size)) {
    for (let at = 0; at < length; ) {
      const read = readSync(file, piece, 0, Math.min(piece.length, length - at), offset + at);
      if (read === 0) return;
      yield { offset: offset + at, bytes: piece.subarray(0, read) };
      at += read;
    }
  }
}

function openAll(directories: readonly string[]): number[] {
  const fds: number[] = [];
  try {
    for (const directory of directories) {
      // Its mode may keep its own owner from reading it.
      const opened = open(directory, ['path', 'directory']);
      fds.push(perform([opened], { keep: [opened] }).of(opened));
    }
    return fds;
  } catch (error) {
    for (const fd of fds) closeSync(fd);
    throw error;
  }
}
