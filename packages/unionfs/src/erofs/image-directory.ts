/** A directory of the layer, with what is known of its names. */
import { Inode, type InodeAttributes } from './inode.ts';

export class ImageDirectory extends Inode {
  readonly name: string;
  readonly parent: ImageDirectory | undefined;
  readonly depth: number;
  /** By name, in latin1. */
  readonly names = new Map<string, Inode>();
  /** Whether an entry tells what it is like. */
  isDescribed = false;
  /** Whether the layer says that it is there; others are there only to hold what the layer hides. */
  isOwn = false;
  /** Nothing of the layers below shows in it. */
  isOpaque = false;
  /** Names of files taken along from below for hard links: this layer does not say that they stay. */
  #copied: Set<string> | undefined;
  /** Names under which this layer took a directory of below away. */
  #displaced: Set<string> | undefined;

  constructor(name: string, parent: ImageDirectory | undefined, attributes: InodeAttributes) {
    super('directory', attributes);
    this.name = name;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    parent?.names.set(name, this);
  }

  /** From the root of the layer, in latin1; the root itself is empty. */
  get path(): string {
    const parts: string[] = [];
    for (let at: ImageDirectory | undefined = this; at?.parent; at = at.parent) parts.unshift(at.name);
    return parts.join('/');
  }

  /** Whether nothing of the layers below can show in it. */
  get hidesBelow(): boolean {
    for (let at: ImageDirectory | undefined = this; at; at = at.parent) if (at.isOpaque) return true;
    return false;
  }

  pathOf(name: string): string {
    return this.parent === undefined ? name : `${this.path}/${name}`;
  }

  /** Whether the layer itself has that name. */
  owns(name: string): boolean {
    const found = this.names.get(name);
    if (found === undefined || found.isWhiteout) return false;
    return found instanceof ImageDirectory ? found.isOwn : !(this.#copied?.has(name) ?? false);
  }

  /** Notes that the layer has a name in it, and so all that lead to it. */
  claim(): void {
    for (let at: ImageDirectory | undefined = this; at && !at.isOwn; at = at.parent) at.isOwn = true;
  }

  takeAlong(name: string, inode: Inode): void {
    this.names.set(name, inode);
    this.#copied ??= new Set();
    this.#copied.add(name);
  }

  /** Says of a file taken along that it stays. */
  keep(name: string): void {
    this.#copied?.delete(name);
    this.claim();
  }

  forget(name: string): void {
    this.names.delete(name);
    this.#copied?.delete(name);
  }

  get copied(): Iterable<string> {
    return this.#copied ?? [];
  }

  noteDisplaced(name: string): void {
    this.#displaced ??= new Set();
    this.#displaced.add(name);
  }

  displaced(name: string): boolean {
    return this.#displaced?.has(name) ?? false;
  }
}
