/**
 * The tree that a layer is unpacked into. Turns the names of entries into an open directory and a last name.
 *
 * Paths are walked one name at a time, each opened by the kernel without following links. A link on the way is read and
 * walked in turn, from the root of the layer if it is absolute; going up stops at the root. Where the layer's own tree has
 * no such directory, the layers below tell what it is there.
 */
import { closeSync, lstatSync, mkdirSync, readlinkSync, type Stats, unlinkSync } from 'node:fs';
import type { Attributes } from './attributes.ts';
import { Directory } from './directory.ts';
import { components } from './entry-path.ts';
import type { Limits } from './limits.ts';
import { attributesOf, type LowerView, linkTarget } from './lower-view.ts';
import { removeTree } from './remove-tree.ts';
import { type Before, takeOver } from './take-over.ts';
import { checkDepth, checkImplicit, checkLinks, latin1, throughLink, type WalkOptions } from './way.ts';

/** Directories that are open between two entries; several layers are unpacked at once. */
const mostOpen = 64;

/** Of a directory that no entry describes, and none below: always the same, so that a layer makes the same tree always. */
export const undescribed: Attributes = {
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtime: { seconds: 0, nanoseconds: 0 },
  xattrs: new Map(),
};

export interface LayerTreeOptions {
  /** The root, opened; the tree closes it. */
  readonly fd: number;
  /** How the root was. */
  readonly before: Before;
  readonly lower: LowerView | undefined;
  readonly limits: Limits;
  /** What a directory has that no entry describes. */
  readonly undescribed?: Attributes;
}

export class LayerTree implements Disposable {
  readonly root: Directory;
  readonly lower: LowerView | undefined;
  readonly #open = new Set<Directory>();
  readonly #rootFd: number;
  readonly #limits: Limits;
  readonly #undescribed: Attributes;

  constructor({ fd, before, lower, limits, undescribed: attributes = undescribed }: LayerTreeOptions) {
    this.#rootFd = fd;
    this.root = new Directory('', undefined, fd, this.#open);
    this.root.before = before;
    this.lower = lower;
    this.#limits = limits;
    this.#undescribed = attributes;
  }

  /** The directory that a path leads to. */
  walk(path: readonly string[], { create, links = 'follow' }: WalkOptions): Directory | undefined {
    this.#putAway();
    checkDepth(path, path.length);
    let at = this.root;
    let followed = 0;
    const todo = [...path].reverse();
    for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
      if (name === '..') {
        at = at.parent ?? at;
        continue;
      }
      const next = at.children.get(name) ?? this.#enter(at, name, create);
      if (next === undefined) return undefined;
      if (next instanceof Directory) {
        at = next;
        checkDepth(path, at.depth);
        continue;
      }
      if (links === 'refuse') {
        // Some writers also list what was in a directory of below whose place the link takes: it is gone with that.
        if (this.#tookDirectory(at, name)) return undefined;
        throw throughLink(path, [at.path, name]);
      }
      followed += 1;
      checkLinks(path, followed);
      if (next[0] === 0x2f) at = this.root;
      todo.push(...components(next).reverse());
    }
    return at;
  }

  /** Makes room for an entry: whatever has the name goes, with all below it. */
  displace(directory: Directory, name: string): void {
    const isBelow = !directory.own.has(name) && this.lookAt(directory, name)?.isDirectory() === true;
    if (isBelow) directory.displaced.add(name);
    directory.forget(name);
    removeTree(directory.fd, name);
  }

  /** A new directory, where there is nothing or a whiteout of ours. */
  makeDirectory(directory: Directory, name: string): Directory {
    const replaces = directory.whiteouts.has(name);
    if (replaces) {
      unlinkSync(directory.place(name));
      directory.forget(name);
    }
    mkdirSync(directory.place(name), 0o700);
    const made = new Directory(name, directory, -1, this.#open);
    // The directory below was taken away, so the new one must not be merged with it.
    made.opaque = replaces;
    return made;
  }

  /** What is there under a name, itself. */
  lookAt(directory: Directory, name: string): Stats | undefined {
    return lstatSync(directory.place(name), { throwIfNoEntry: false });
  }

  [Symbol.dispose](): void {
    for (const directory of this.#open) directory.putAway();
    closeSync(this.#rootFd);
  }

  #tookDirectory(at: Directory, name: string): boolean {
    if (!at.own.has(name)) return false;
    if (at.displaced.has(name)) return true;
    if (this.lower === undefined || at.hidesBelow) return false;
    return this.lower.look(pathOf(at, name), ({ stats }) => stats.isDirectory()) === true;
  }

  /** A directory by that name; what a link by that name says; or undefined where none is to be made. */
  #enter(at: Directory, name: string, create: WalkOptions['create']): Directory | Buffer | undefined {
    const taken = takeOver(at.fd, name);
    if (typeof taken !== 'string') {
      const directory = new Directory(name, at, taken.fd, this.#open);
      directory.before = taken.before;
      return directory;
    }
    if (taken === 'ENOENT') return this.#enterBelow(at, name, create);
    const found = this.lookAt(at, name);
    if (found?.isSymbolicLink()) return readlinkSync(at.place(name), { encoding: 'buffer' });
    if (create !== 'always') return undefined;
    if (at.whiteouts.has(name)) return this.#makeImplicit(at, name, undefined);
    this.displace(at, name);
    return this.#makeImplicit(at, name, undefined);
  }

  #enterBelow(at: Directory, name: string, create: WalkOptions['create']): Directory | Buffer | undefined {
    if (this.lower === undefined || at.hidesBelow) {
      return create === 'never' || (create === 'if-below' && at.hidesBelow)
        ? undefined
        : this.#makeImplicit(at, name, undefined);
    }
    const below = this.lower.look(pathOf(at, name), (found) => {
      if (found.stats.isSymbolicLink()) return linkTarget(found);
      return found.stats.isDirectory() ? attributesOf(found) : undefined;
    });
    if (Buffer.isBuffer(below)) return below;
    if (create === 'never' || (create === 'if-below' && below === undefined)) return undefined;
    return this.#makeImplicit(at, name, below);
  }

  #makeImplicit(at: Directory, name: string, attributes: Attributes | undefined): Directory {
    checkImplicit([at.path, name]);
    this.#limits.countImplicit({ name: latin1([at.path, name]) });
    const made = this.makeDirectory(at, name);
    made.attributes = attributes ?? this.#undescribed;
    return made;
  }

  #putAway(): void {
    if (this.#open.size > mostOpen) for (const directory of [...this.#open]) directory.putAway();
  }
}

function pathOf(directory: Directory, name: string): string {
  return directory.parent === undefined ? name : `${directory.path}/${name}`;
}
