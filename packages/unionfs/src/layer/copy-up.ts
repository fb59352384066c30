/**
 * Files of the layers below, taken into this one so that hard links to them can be made. Their content comes later than their
 * names, while nothing else of the layer is read: others get their turns meanwhile, and an abort is heard.
 */
import { closeSync, ftruncateSync, openSync, symlinkSync, writeSync } from 'node:fs';
import type { TarEntry } from '../tar/tar-entry.ts';
import { type AttributeOptions, type Attributes, setAttributes, setLinkAttributes, setTimes } from './attributes.ts';
import { Breaks } from './breaks.ts';
import type { Directory } from './directory.ts';
import type { LayerTree } from './layer-tree.ts';
import type { Limits } from './limits.ts';
import { attributesOf, dataIn, type Found, type LowerView, linkTarget, openFound } from './lower-view.ts';
import { refused } from './refused.ts';
import type { Skipped } from './skipped.ts';

export interface CopyOptions extends AttributeOptions {
  readonly limits: Limits;
  readonly skipped: Skipped;
  readonly signal?: AbortSignal | undefined;
}

/** A new file whose content is missing, and with it all that its content would change. */
interface Copy {
  /** Open for writing. */
  readonly file: number;
  /** Of the file below. */
  readonly path: string;
  readonly attributes: Attributes;
  /** The entry that has a link to it. */
  readonly entry: TarEntry;
}

/** Each of them is open. */
const mostWaiting = 16;

export class CopyUp implements Disposable {
  readonly #lower: LowerView | undefined;
  readonly #options: CopyOptions;
  readonly #breaks: Breaks;
  readonly #waiting: Copy[] = [];

  constructor(tree: LayerTree, options: CopyOptions) {
    this.#lower = tree.lower;
    this.#options = options;
    this.#breaks = new Breaks(options.signal);
  }

  get isDone(): boolean {
    return this.#waiting.length === 0;
  }

  /** Time to finish before more are added. */
  get isFull(): boolean {
    return this.#waiting.length >= mostWaiting;
  }

  /** False when there is no such file below, or nothing below shows there. */
  add(directory: Directory, name: string, entry: TarEntry): boolean {
    if (this.#lower === undefined || directory.hidesBelow || directory.whiteouts.has(name)) return false;
    const path = directory.parent === undefined ? name : `${directory.path}/${name}`;
    const isCopied = this.#lower.look(path, (found) => this.#begin(found, { path, directory, name, entry })) ?? false;
    if (isCopied) directory.copied.add(name);
    return isCopied;
  }

  async finish(): Promise<void> {
    for (let copy = this.#waiting.shift(); copy !== undefined; copy = this.#waiting.shift()) {
      try {
        for (const _ of this.#fill(copy)) if (this.#breaks.isDue) await this.#breaks.take();
      } finally {
        closeSync(copy.file);
      }
    }
  }

  [Symbol.dispose](): void {
    for (const { file } of this.#waiting.splice(0)) closeSync(file);
  }

  #begin(
    found: Found,
    { directory, name, path, entry }: Pick<Copy, 'path' | 'entry'> & { directory: Directory; name: string },
  ): boolean {
    const attributes = attributesOf(found);
    if (found.stats.isSymbolicLink()) {
      symlinkSync(linkTarget(found), directory.place(name));
      setLinkAttributes(directory.place(name), attributes, this.#options);
      return true;
    }
    if (!found.stats.isFile()) return false;
    this.#waiting.push({ file: openSync(directory.place(name), 'wx', 0o600), path, attributes, entry });
    return true;
  }

  /** Piece by piece. Holes stay holes: a file may have more of them than a disk has room. */
  *#fill({ file, path, attributes, entry }: Copy): Generator<void> {
    try {
      const below = this.#lower?.look(path, openFound);
      if (below === undefined) throw new Error('it is gone from the layers below');
      try {
        for (const { offset, bytes } of dataIn(below)) {
          this.#options.limits.countBytes(entry, bytes.length);
          for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, offset + at);
          yield;
        }
        // Last, for a hole at its end: what is cut off does not have the size of the whole.
        ftruncateSync(file, below.size);
      } finally {
        closeSync(below.file);
      }
      // By now others may have come after the entry.
      const onSkipped = (what: string) => this.#options.skipped.add(entry.name, what);
      setAttributes(file, attributes, { ...this.#options, onSkipped });
      setTimes(file, attributes.mtime);
    } catch (error) {
      throw refused(entry, error, this.#options.owner);
    }
  }
}
