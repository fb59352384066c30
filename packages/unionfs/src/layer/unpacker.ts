/** Makes what the entries of a layer say, one after the other. */

import { invalid } from '../tar/invalid.ts';
import type { TarEntry } from '../tar/tar-entry.ts';
import { type AttributeOptions, attributesIn } from './attributes.ts';
import { CopyUp } from './copy-up.ts';
import type { Directory } from './directory.ts';
import { entryPath } from './entry-path.ts';
import { checkName } from './file-name.ts';
import { FileWriter } from './file-writer.ts';
import { hardLink } from './hard-link.ts';
import type { LayerTree } from './layer-tree.ts';
import { makeLeaf } from './leaf.ts';
import type { Limits } from './limits.ts';
import type { Shift } from './owners.ts';
import type { LayerHandler } from './read-layer.ts';
import { refused } from './refused.ts';
import type { Skipped } from './skipped.ts';
import { deleting, overlayForm, type Whiteout, whiteoutOf } from './whiteouts.ts';

export interface UnpackOptions extends Pick<AttributeOptions, 'owner'> {
  readonly whiteouts: 'delete' | 'overlay';
  readonly limits: Limits;
  readonly skipped: Skipped;
  readonly shift: Shift;
  readonly signal?: AbortSignal | undefined;
}

export class Unpacker implements LayerHandler, Disposable {
  readonly #tree: LayerTree;
  readonly #options: UnpackOptions & AttributeOptions;
  readonly #hiding: typeof overlayForm | typeof deleting;
  readonly #limits: Limits;
  readonly #files = new FileWriter();
  readonly #copies: CopyUp;
  #current: TarEntry | undefined;

  constructor(tree: LayerTree, options: UnpackOptions) {
    this.#tree = tree;
    this.#limits = options.limits;
    this.#options = {
      ...options,
      onSkipped: (what) => options.skipped.add(this.#current?.name ?? Buffer.alloc(0), what),
    };
    this.#copies = new CopyUp(tree, this.#options);
    this.#hiding = options.whiteouts === 'overlay' ? overlayForm : deleting;
  }

  entry(entry: TarEntry): void {
    this.#current = entry;
    this.#limits.countEntry(entry);
    this.#try(() => this.#make(this.#options.shift(entry)));
  }

  data(bytes: Buffer): void {
    if (this.#files.isWriting) this.#try(() => this.#files.write(bytes));
  }

  end(): void {
    if (this.#files.isWriting) this.#try(() => this.#files.end(this.#options));
  }

  get isFull(): boolean {
    return this.#copies.isFull;
  }

  catchUp(): Promise<void> | undefined {
    return this.#copies.isDone ? undefined : this.#copies.finish();
  }

  /** To be called after the last entry. */
  finish(): void {
    this.#try(() => this.#files.flush());
  }

  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]();
    this.#copies[Symbol.dispose]();
  }

  #try(act: () => void): void {
    try {
      act();
    } catch (error) {
      throw this.#current === undefined ? error : refused(this.#current, error, this.#options.owner);
    }
  }

  #make(entry: TarEntry): void {
    const path = entryPath(entry.name);
    const whiteout = whiteoutOf(path, entry);
    const name = path.pop();
    if (name === undefined) this.#makeRoot(entry);
    else if (whiteout === undefined) this.#makeIn(path, name, entry);
    else if (whiteout !== 'ignored') this.#hide(path, whiteout);
  }

  #makeIn(path: readonly string[], name: string, entry: TarEntry): void {
    const directory = this.#tree.walk(path, { create: 'always' }) as Directory;
    // That of a hard link comes after its target, which is looked for first.
    if (entry.type !== 'hardlink') checkName(name);
    if (entry.type === 'directory') this.#makeDirectory(directory, name, entry);
    else if (entry.type === 'hardlink') {
      const make = hardLink(this.#tree, directory, name, entry, this.#copies);
      if (make !== undefined) this.#replacing(directory, name, make);
    } else if (entry.type === 'file') {
      this.#replacing(directory, name, () => this.#files.begin(directory.place(name), entry));
    } else this.#replacing(directory, name, () => makeLeaf(directory, name, entry, this.#options));
    directory.claim(name);
  }

  #makeRoot(entry: TarEntry): void {
    if (entry.type !== 'directory') throw invalid(entry, 'the root can only be a directory');
    this.#tree.root.attributes = attributesIn(entry);
  }

  #hide(path: readonly string[], whiteout: Exclude<Whiteout, undefined | 'ignored'>): void {
    const create = this.#options.whiteouts === 'overlay' ? 'if-below' : 'never';
    const directory = this.#tree.walk(path, { create, links: 'refuse' });
    if (directory === undefined) return;
    if (whiteout === 'opaque') this.#hiding.hideAll(this.#tree, directory);
    else this.#hiding.hide(this.#tree, directory, whiteout.hides);
  }

  /** A directory over a directory only changes its attributes; over anything else it takes its place. */
  #makeDirectory(directory: Directory, name: string, entry: TarEntry): void {
    const known = directory.children.get(name);
    if (known !== undefined) {
      known.attributes = attributesIn(entry);
      return;
    }
    const found = this.#tree.lookAt(directory, name);
    if (found !== undefined && !found.isDirectory() && !directory.whiteouts.has(name)) {
      this.#tree.displace(directory, name);
    }
    const made = found?.isDirectory()
      ? this.#tree.walk([...directory.path.split('/').filter(Boolean), name], { create: 'never', links: 'refuse' })
      : this.#tree.makeDirectory(directory, name);
    if (made !== undefined) made.attributes = attributesIn(entry);
  }

  /** Whatever has the name already makes way; nothing is ever written through it. */
  #replacing(directory: Directory, name: string, make: () => void): void {
    try {
      make();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      this.#tree.displace(directory, name);
      make();
    }
  }
}
