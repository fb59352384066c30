/** Builds the tree of a layer from its entries, by the rules by which unpacker.ts makes it in a directory. */
import { entryPath } from '../layer/entry-path.ts';
import { checkName } from '../layer/file-name.ts';
import type { Limits } from '../layer/limits.ts';
import { attributesOf } from '../layer/lower-view.ts';
import { type Shift, shiftOf } from '../layer/owners.ts';
import { refused } from '../layer/refused.ts';
import { Skipped } from '../layer/skipped.ts';
import { whiteoutOf } from '../layer/whiteouts.ts';
import { invalid } from '../tar/invalid.ts';
import { shown, type TarEntry } from '../tar/tar-entry.ts';
import type { TarHandler } from '../tar/tar-reader.ts';
import { Appendix } from './appendix.ts';
import { hide, settleMarks } from './hiding.ts';
import { ImageDirectory } from './image-directory.ts';
import { leafOf } from './image-leaf.ts';
import type { ImageTree } from './image-tree.ts';
import type { Inode, InodeAttributes } from './inode.ts';
import { findTarget } from './link-target.ts';
import { checkedAttributes } from './xattrs.ts';

export interface IndexOptions {
  readonly limits: Limits;
  /** Where in the image the archive begins. */
  readonly start: number;
  readonly shift?: Shift;
}

export class Indexer implements TarHandler {
  readonly tree: ImageTree;
  readonly appendix: Appendix;
  readonly skipped = new Skipped();
  readonly #start: number;
  readonly #limits: Limits;
  readonly #shift: Shift;
  /** The last file whose content is read where the archive has it. */
  #inPlace: Inode | undefined;

  constructor(tree: ImageTree, options: IndexOptions) {
    this.tree = tree;
    this.#start = options.start;
    this.#limits = options.limits;
    this.#shift = options.shift ?? shiftOf('keep');
    this.appendix = new Appendix(tree.lower, this.#limits);
  }

  entry(entry: TarEntry): void {
    this.#inPlace = undefined;
    this.#limits.countEntry(entry);
    try {
      this.#add(this.#shift(entry));
    } catch (error) {
      throw refused(entry, error, 'keep');
    }
  }

  /** Content stays where it is. */
  data(): void {}
  end(): void {}

  /**
   * Whoever maps a file into memory sees what follows its end, up to the end of the block: zeros, by mmap(2). Where the archive
   * has something else there, the file is copied.
   */
  padding(bytes: Buffer): void {
    const inode = this.#inPlace;
    if (inode === undefined || isZero(bytes)) return;
    this.appendix.addSparse(inode, inode.position, [{ offset: 0, length: inode.size }]);
    this.#inPlace = undefined;
  }

  /** To be called after the last entry. */
  finish(): void {
    const { root, lower } = this.tree;
    // The root of the topmost layer is the root that everybody sees; one that no entry describes is that of below.
    const below = root.isDescribed ? undefined : lower?.look('', attributesOf);
    if (below !== undefined) root.attributes = checkedAttributes('directory', below);
    settleMarks(root);
  }

  #add(entry: TarEntry): void {
    const path = entryPath(entry.name);
    const whiteout = whiteoutOf(path, entry);
    const name = path.pop();
    if (name === undefined) this.#addRoot(entry);
    else if (whiteout === undefined) this.#addIn(path, name, entry);
    else if (whiteout !== 'ignored') this.#hide(path, whiteout);
  }

  #addRoot(entry: TarEntry): void {
    if (entry.type !== 'directory') throw invalid(entry, 'the root can only be a directory');
    this.#describe(this.tree.root, entry);
  }

  #addIn(path: readonly string[], name: string, entry: TarEntry): void {
    const directory = this.tree.walk(path, { create: 'always' }) as ImageDirectory;
    if (entry.type !== 'hardlink') checkName(name);
    if (entry.type === 'directory') this.#addDirectory(directory, name, entry);
    else if (entry.type === 'hardlink') this.#addHardLink(directory, name, entry);
    else this.tree.put(directory, name, this.#leaf(entry));
  }

  #hide(path: readonly string[], whiteout: 'opaque' | { readonly hides: string }): void {
    const directory = this.tree.walk(path, { create: 'if-below', links: 'refuse' });
    if (directory === undefined) return;
    if (whiteout === 'opaque') directory.isOpaque = true;
    else hide(this.tree, directory, whiteout.hides);
  }

  /** A directory over a directory only changes its attributes; over anything else it takes its place. */
  #addDirectory(directory: ImageDirectory, name: string, entry: TarEntry): void {
    const known = directory.names.get(name);
    if (known instanceof ImageDirectory) {
      this.#describe(known, entry);
      known.claim();
      return;
    }
    const attributes = this.#attributes(entry);
    if (known !== undefined && !known.isWhiteout) this.tree.displace(directory, name);
    const made = this.tree.makeDirectory(directory, name, attributes);
    made.isDescribed = true;
    made.claim();
  }

  #describe(directory: ImageDirectory, entry: TarEntry): void {
    directory.attributes = this.#attributes(entry);
    directory.isDescribed = true;
  }

  #leaf(entry: TarEntry): Inode {
    const inode = leafOf(entry, this.#attributes(entry));
    const position = this.#start + entry.position;
    if (entry.extents !== undefined) this.appendix.addSparse(inode, position, entry.extents);
    else if (entry.stored > 0) {
      inode.position = position;
      this.#inPlace = inode;
    }
    return inode;
  }

  #addHardLink(directory: ImageDirectory, name: string, entry: TarEntry): void {
    const target = findTarget(this.tree, this.appendix, entry);
    if (target.directory === directory && target.name === name) {
      directory.keep(name);
      return;
    }
    if (isWithin(target.directory, directory.names.get(name))) {
      throw invalid(entry, `its target ${shown(entry.link)} lies in what it replaces`);
    }
    this.tree.put(directory, name, target.inode);
  }

  #attributes(entry: TarEntry): InodeAttributes {
    const type = entry.type as Inode['type'];
    const mode = type === 'symlink' ? 0o777 : entry.mode;
    return checkedAttributes(type, { ...entry, mode }, (what) => {
      // As applyLayer tells them: an entry by its name, a directory by its path.
      const path = Buffer.from(entryPath(entry.name).join('/') || '.', 'latin1');
      this.skipped.add(type === 'directory' ? path : entry.name, what);
    });
  }
}

function isWithin(inner: ImageDirectory, outer: Inode | undefined): boolean {
  for (let at: ImageDirectory | undefined = outer && inner; at; at = at.parent) if (at === outer) return true;
  return false;
}

const zeros = Buffer.alloc(512);

function isZero(bytes: Buffer): boolean {
  return bytes.equals(zeros.subarray(0, bytes.length));
}
