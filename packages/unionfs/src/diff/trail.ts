/** The directories that lead to where a change may be: a layer lists them with their attributes, before what is in them. */
import type { Item } from './item.ts';
import type { Packer } from './packer.ts';

export class Trail {
  readonly item: Item;
  readonly #around: Trail | undefined;
  readonly #packer: Packer;
  #isPacked = false;

  constructor(item: Item, around: Trail | undefined, packer: Packer) {
    this.item = item;
    this.#around = around;
    this.#packer = packer;
  }

  /** Packs this one and those around it, each once. */
  *announce(): Generator<Buffer> {
    if (this.#isPacked) return;
    this.#isPacked = true;
    if (this.#around !== undefined) yield* this.#around.announce();
    yield* this.#packer.pack(this.item);
  }

  *pack(item: Item): Generator<Buffer> {
    yield* this.announce();
    yield* this.#packer.pack(item);
  }

  /** That a name in it is gone. */
  *hide(name: string): Generator<Buffer> {
    yield* this.#mark(`.wh.${name}`);
  }

  /** That nothing of below shows in it. */
  *hideAll(): Generator<Buffer> {
    yield* this.#mark('.wh..wh..opq');
  }

  *#mark(name: string): Generator<Buffer> {
    yield* this.announce();
    const { path } = this.item;
    yield* this.#packer.mark(path === '' ? name : `${path}/${name}`);
  }
}
