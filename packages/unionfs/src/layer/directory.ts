/**
 * The directories of a layer that is being unpacked, as far as they are known: each was opened by one name, from its
 * parent's descriptor, with no link followed. So a path along them is the true one, and stays below the root.
 */
import { closeSync } from 'node:fs';
import type { Attributes } from './attributes.ts';
import { openBeneath, place } from './beneath.ts';
import { Names } from './names.ts';
import type { Before } from './take-over.ts';

export class Directory {
  readonly parent: Directory | undefined;
  readonly name: string;
  readonly depth: number;
  /** By name; only what is known to be a directory itself. */
  readonly children = new Map<string, Directory>();
  /** What to set when everything inside is in place: writing changes times, and modes may forbid writing. */
  attributes: Attributes | undefined;
  /** Of one that was there before the layer: how it is left, unless the layer tells otherwise. */
  before: Before | undefined;
  /** Nothing of the layers below shows in it. */
  opaque = false;
  /** Names that this layer put there. */
  readonly own = new Names();
  /** Names of files taken along from below for hard links: this layer does not say that they stay. */
  readonly copied = new Names();
  /** Names under which this layer took a directory of below away. */
  readonly displaced = new Names();
  /** Names that hide something of the layers below. */
  readonly whiteouts = new Names();
  #fd = -1;
  readonly #open: Set<Directory>;

  constructor(name: string, parent: Directory | undefined, fd: number, open: Set<Directory>) {
    this.name = name;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.#fd = fd;
    this.#open = open;
    if (parent !== undefined) {
      parent.children.set(name, this);
      open.add(this);
    }
  }

  /** Its descriptor, opened again when it was put away. */
  get fd(): number {
    if (this.#fd === -1 && this.parent !== undefined) {
      const fd = openBeneath(this.parent.fd, this.name, ['rdonly', 'directory']);
      if (typeof fd === 'string') throw new Error(`cannot open ${this.path} again: ${fd}`);
      this.#fd = fd;
      this.#open.add(this);
    }
    return this.#fd;
  }

  /** From the root of the layer, in latin1; the root itself is empty. */
  get path(): string {
    const parts: string[] = [];
    for (let at: Directory | undefined = this; at?.parent; at = at.parent) parts.unshift(at.name);
    return parts.join('/');
  }

  /** Whether nothing of the layers below can show in it. */
  get hidesBelow(): boolean {
    for (let at: Directory | undefined = this; at; at = at.parent) if (at.opaque) return true;
    return false;
  }

  place(name: string): Buffer {
    return place(this.fd, name);
  }

  /** Notes that the layer has this name, and so all that lead to it. */
  claim(name: string): void {
    this.own.add(name);
    this.copied.delete(name);
    for (let at: Directory = this; at.parent && !at.parent.own.has(at.name); at = at.parent) at.parent.own.add(at.name);
  }

  /** Puts the descriptor away; it comes back when it is needed. */
  putAway(): void {
    if (this.#fd === -1) return;
    closeSync(this.#fd);
    this.#fd = -1;
    this.#open.delete(this);
  }

  /** Forgets a name that is about to go, with all that is known below it. */
  forget(name: string): void {
    this.own.delete(name);
    this.copied.delete(name);
    this.whiteouts.delete(name);
    const child = this.children.get(name);
    if (child === undefined) return;
    this.children.delete(name);
    child.#forgetAll();
  }

  #forgetAll(): void {
    for (const child of this.children.values()) child.#forgetAll();
    this.putAway();
  }
}
