/** What could not be had, for a person to read: of each name once, and no more than memory holds, whatever the layer says. */
import { shown } from '../tar/tar-entry.ts';

const most = 10_000;

export class Skipped {
  readonly #told = new Set<string>();
  #others = 0;

  add(name: Buffer, what: string): void {
    if (this.#told.size < most) this.#told.add(`${shown(name)}: ${what}`);
    else this.#others += 1;
  }

  /** The last line tells how many more there were. */
  get messages(): readonly string[] {
    return this.#others === 0 ? [...this.#told] : [...this.#told, `and ${this.#others} more`];
  }
}
