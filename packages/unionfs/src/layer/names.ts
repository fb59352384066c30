/** A set of names that takes hardly any memory while it is empty, as most of a million directories have most of theirs. */
export class Names implements Iterable<string> {
  #names: Set<string> | undefined;

  has(name: string): boolean {
    return this.#names?.has(name) ?? false;
  }

  add(name: string): void {
    this.#names ??= new Set();
    this.#names.add(name);
  }

  delete(name: string): void {
    this.#names?.delete(name);
  }

  [Symbol.iterator](): Iterator<string> {
    return (this.#names ?? [])[Symbol.iterator]();
  }
}
