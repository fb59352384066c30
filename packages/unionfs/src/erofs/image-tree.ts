/**
 * The tree that a layer describes, in memory. Paths lead where those of layer-tree.ts lead: a link on the way is walked in
 * turn, from the root of the layer if it is absolute; going up stops at the root. Where the layer itself has no such
 * directory, the layers below tell what it is there.
 */

import { components } from '../layer/entry-path.ts';
import { checkName } from '../layer/file-name.ts';
import type { Limits } from '../layer/limits.ts';
import { attributesOf, type LowerView, linkTarget } from '../layer/lower-view.ts';
import { checkDepth, checkImplicit, checkLinks, latin1, throughLink, type WalkOptions } from '../layer/way.ts';
import { ImageDirectory } from './image-directory.ts';
import { type Inode, type InodeAttributes, ordinary } from './inode.ts';
import { checkedAttributes } from './xattrs.ts';

export class ImageTree {
  readonly root: ImageDirectory;
  readonly lower: LowerView | undefined;
  /** Links of the layers below that ways have led through: each look there is a system call. */
  readonly #links = new Map<string, Buffer>();
  readonly #limits: Limits;
  /** What a directory has that no entry describes. */
  readonly #undescribed: InodeAttributes;

  constructor(lower: LowerView | undefined, limits: Limits, undescribed = ordinary) {
    this.root = new ImageDirectory('', undefined, undescribed);
    this.lower = lower;
    this.#limits = limits;
    this.#undescribed = undescribed;
  }

  /** The directory that a path leads to. */
  walk(path: readonly string[], { create, links = 'follow' }: WalkOptions): ImageDirectory | undefined {
    checkDepth(path, path.length);
    let at = this.root;
    let followed = 0;
    const todo = path.toReversed();
    for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
      if (name === '..') {
        at = at.parent ?? at;
        continue;
      }
      const next = this.#enter(at, name, create);
      if (next === undefined) return undefined;
      if (next instanceof ImageDirectory) {
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

  /** Gives a name to something new; whatever has it makes way, with all below it. */
  put(directory: ImageDirectory, name: string, inode: Inode): void {
    checkName(name);
    if (directory.names.has(name)) this.displace(directory, name);
    directory.names.set(name, inode);
    directory.claim();
  }

  displace(directory: ImageDirectory, name: string): void {
    const found = directory.names.get(name);
    if (found instanceof ImageDirectory && !found.isOwn) directory.noteDisplaced(name);
    directory.forget(name);
  }

  /** A new directory, where there is nothing or a whiteout of ours. */
  makeDirectory(directory: ImageDirectory, name: string, attributes: InodeAttributes): ImageDirectory {
    checkName(name);
    const replaces = directory.names.get(name)?.isWhiteout === true;
    const made = new ImageDirectory(name, directory, attributes);
    // The directory below was taken away, so the new one must not be merged with it.
    made.isOpaque = replaces;
    return made;
  }

  #tookDirectory(at: ImageDirectory, name: string): boolean {
    if (!at.owns(name)) return false;
    if (at.displaced(name)) return true;
    if (this.lower === undefined || at.hidesBelow) return false;
    return this.lower.look(at.pathOf(name), ({ stats }) => stats.isDirectory()) === true;
  }

  /** A directory by that name; what a link by that name says; or undefined where none is to be made. */
  #enter(at: ImageDirectory, name: string, create: WalkOptions['create']): ImageDirectory | Buffer | undefined {
    const found = at.names.get(name);
    if (found instanceof ImageDirectory) return found;
    if (found === undefined) return this.#enterBelow(at, name, create);
    if (found.target !== undefined) return found.target;
    if (create !== 'always') return undefined;
    if (!found.isWhiteout) this.displace(at, name);
    return this.#makeImplicit(at, name, this.#undescribed);
  }

  #enterBelow(at: ImageDirectory, name: string, create: WalkOptions['create']): ImageDirectory | Buffer | undefined {
    checkName(name);
    if (this.lower === undefined || at.hidesBelow) {
      return create === 'never' || (create === 'if-below' && at.hidesBelow)
        ? undefined
        : this.#makeImplicit(at, name, this.#undescribed);
    }
    const path = at.pathOf(name);
    const link = this.#links.get(path);
    if (link !== undefined) return link;
    const below = this.lower.look(path, (found) => {
      if (found.stats.isSymbolicLink()) return linkTarget(found);
      return found.stats.isDirectory() ? checkedAttributes('directory', attributesOf(found)) : undefined;
    });
    if (Buffer.isBuffer(below)) {
      this.#links.set(path, below);
      return below;
    }
    if (create === 'never' || (create === 'if-below' && below === undefined)) return undefined;
    return this.#makeImplicit(at, name, below ?? this.#undescribed);
  }

  #makeImplicit(at: ImageDirectory, name: string, attributes: InodeAttributes): ImageDirectory {
    checkImplicit([at.path, name]);
    this.#limits.countImplicit({ name: latin1([at.path, name]) });
    return this.makeDirectory(at, name, attributes);
  }
}
