/**
 * A directory that is being read, opened by one name from the one around it: whoever changes the tree meanwhile can make
 * us fail, but not read outside of it.
 */
import { type BigIntStats, closeSync, constants, lstatSync, openSync, readdirSync } from 'node:fs';
import type { OpenFlag } from '@estiba/syscalls';
import { openBeneath, place } from '../layer/beneath.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { type Item, itemOf } from './item.ts';
import { changed, unreadable, unsupported } from './unreadable.ts';

const { O_RDONLY, O_DIRECTORY } = constants;
/** As deep as a layer is unpacked; each level holds a descriptor. */
const deepest = 500;

export class Folder implements Disposable {
  readonly fd: number;
  /** From the root of the tree, in latin1; the root itself is empty. */
  readonly path: string;
  readonly #depth: number;

  private constructor(fd: number, path: string, depth: number) {
    this.fd = fd;
    this.path = path;
    this.#depth = depth;
  }

  static open(directory: string): Folder {
    try {
      return new Folder(openSync(directory, O_RDONLY | O_DIRECTORY), '', 0);
    } catch (cause) {
      const why = 'it has to be a directory that exists, and that this user may read';
      throw new UnionfsError('LAYER_REFUSED', `cannot pack ${directory}: ${why}`, { cause });
    }
  }

  /** The names in it, in latin1 and in the order of their bytes. */
  names(): string[] {
    try {
      const names = readdirSync(`/proc/self/fd/${this.fd}`, { encoding: 'buffer' });
      return names.map((name) => name.toString('latin1')).sort();
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }

  pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}/${name}`;
  }

  place(name: string): Buffer {
    return place(this.fd, name);
  }

  /** What is there under a name, itself. */
  look(name: string): Item {
    const item = itemOf(this, name, this.#stats(name));
    // Files and directories are opened anyway, and on a link nothing can be mounted.
    if (!['file', 'directory', 'symlink'].includes(item.type)) closeSync(this.openFile(name, ['path']));
    return item;
  }

  /** The directory itself. */
  self(): Item {
    return itemOf(this, '.', this.#stats('.'));
  }

  enter(name: string): Folder {
    if (this.#depth === deepest) throw unsupported(this.pathOf(name), `it lies deeper than ${deepest} directories`);
    return new Folder(this.openFile(name, ['rdonly', 'directory']), this.pathOf(name), this.#depth + 1);
  }

  /** A descriptor for the caller to close. */
  openFile(name: string, flags: readonly OpenFlag[]): number {
    try {
      const fd = openBeneath(this.fd, name, flags);
      if (typeof fd === 'number') return fd;
    } catch (error) {
      throw unreadable(this.pathOf(name), error);
    }
    throw changed(this.pathOf(name));
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }

  #stats(name: string): BigIntStats {
    try {
      return lstatSync(this.place(name), { bigint: true });
    } catch (error) {
      throw unreadable(this.pathOf(name), error);
    }
  }
}
