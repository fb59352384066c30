/** Where failed calls go: to the end of a part that tolerates their error, or out of the program, with the kernel's words. */
import type { Emitter } from './emitter.ts';
import { ANY, codes } from './encoding.ts';
import { type ErrnoCode, errnoOf } from './errno.ts';
import type { Operands } from './operands.ts';
import type { Call } from './program.ts';

interface Handler {
  readonly errors: readonly number[];
  /** Operations that lead to the end of the part, once that is known. */
  readonly jumps: number[];
  end?: number;
}

/** Room for two messages of a kernel log. */
const LOG = 512;

export class Tolerance {
  readonly #emitter: Emitter;
  readonly #operands: Operands;
  #handlers: Handler[] = [];
  /** What calls do on failure that have a log or many errors to tolerate; placed after the end of the program. */
  #deferred: (() => void)[] | undefined;
  /** Where the kernel's words go; one place for all, since the first failure that uses it is the last. */
  #text: number | undefined;

  constructor(emitter: Emitter, operands: Operands) {
    this.#emitter = emitter;
    this.#operands = operands;
  }

  /** Compiles a part, at whose end the program goes on after one of these errors; `'*'` is any. */
  within(errors: readonly ErrnoCode[], compile: () => void): void {
    const handler: Handler = { errors: errors.map((code) => (code === '*' ? ANY : errnoOf(code))), jumps: [] };
    this.#handlers.push(handler);
    compile();
    this.#handlers.pop();
    handler.end = this.#emitter.encoder.next;
    for (const jump of handler.jumps) this.#emitter.encoder.land(jump, handler.end);
  }

  /** Compiles a part of another process, whose failures must not lead to the end of a part that this one is in. */
  apart(compile: () => void): void {
    const handlers = this.#handlers;
    this.#handlers = [];
    compile();
    this.#handlers = handlers;
  }

  /** To be told of each call, right after its operation. */
  applyTo(call: Call, index: number): void {
    if (this.#handlers.length === 0 && call.log === undefined) return;
    const [only, ...more] = this.#handlers;
    if (call.log === undefined && only !== undefined && more.length === 0 && only.errors.length <= 3) {
      this.#emitter.encoder.ignore(index, only.errors);
      only.jumps.push(index);
      return;
    }
    // The innermost part comes first.
    const handlers = [...this.#handlers].reverse();
    this.#emitter.encoder.ignore(index, [ANY]);
    this.#deferred ??= [];
    this.#deferred.push(() => this.#decide(call, index, handlers));
  }

  /** The end of the program is the end of its operations, unless something stands there. */
  finish(): void {
    if (this.#deferred === undefined) return;
    const end = this.#emitter.jump('always');
    for (const decide of this.#deferred) decide();
    this.#emitter.encoder.land(end);
  }

  #decide(call: Call, index: number, handlers: readonly Handler[]): void {
    const { encoder } = this.#emitter;
    encoder.land(index);
    for (const { errors, end } of handlers) {
      for (const errno of errors) {
        const jump = errno === ANY ? this.#emitter.jump('always') : this.#emitter.jump('eq', { slot: index }, -errno);
        encoder.land(jump, end);
      }
    }
    this.#text ??= encoder.reserve(LOG);
    const text = this.#text;
    if (call.log !== undefined) this.#readLog(call, call.log, text);
    this.#emitter.emit({ code: codes.fail, args: [{ slot: index }, { data: text }, LOG, index] });
  }

  /** One message a read; overlayfs gives up to two. fsopen(2) */
  #readLog(call: Call, context: Call, text: number): void {
    const half = LOG / 2;
    for (const at of [text, text + half]) {
      const read = this.#emitter.sys('read', [this.#operands.slotOf(context, call), { data: at }, half - 1]);
      this.#emitter.encoder.ignore(read, [ANY]);
    }
  }
}
