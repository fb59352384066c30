import { closeSync, openSync } from 'node:fs';

/** An open file descriptor of this process. It is closed when disposed of, and not otherwise. */
export class Fd implements Disposable {
  readonly number: number;
  #open = true;

  constructor(number: number) {
    if (!Number.isInteger(number) || number < 0) throw new TypeError(`not a file descriptor: ${number}`);
    this.number = number;
  }

  /** Open a path; flags as in Node's `fs.open` (`'r'`, `'r+'`, `'w'`, …). Close-on-exec. open(2) */
  static open(path: string, flags: string | number = 'r'): Fd {
    return new Fd(openSync(path, flags));
  }

  /** Whether it was closed, or released to somebody else, and its number may stand for something different by now. */
  get closed(): boolean {
    return !this.#open;
  }

  /** Closing twice is harmless: the number may by then belong to somebody else. */
  close(): void {
    if (this.release()) closeSync(this.number);
  }

  /** Whoever has the number from here on closes it: this object does not any more. False when it was closed or released. */
  release(): boolean {
    const open = this.#open;
    this.#open = false;
    return open;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
