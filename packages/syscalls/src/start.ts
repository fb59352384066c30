/** The time from posix_spawn to execve: what the process says, and what it is answered (protocol.ts). */
import type { Socket } from 'node:net';
import type { Compiled } from './compiled.ts';
import type { LaunchOptions } from './launch.ts';
import { Process } from './process.ts';
import { type Record as ProtocolRecord, RECORD, readRecords } from './protocol.ts';
import { failureOf } from './syscall-error.ts';

/** A launcher killed between its clone and its report would leave a child that we do not know of: it gets a moment, in ms. */
const GRACE = 100;

export class Start {
  /** Settles when the command runs, or everything has ended. */
  readonly done: Promise<Process>;
  readonly #compiled: Compiled;
  readonly #options: LaunchOptions;
  readonly #socket: Socket;
  #settle!: { resolve: (process: Process) => void; reject: (reason: unknown) => void };
  /** The newest: where the program is. */
  #process: Process;
  readonly #processes: Process[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  /** What a process said of which we have not been told yet. */
  #heldBack: ProtocolRecord[] = [];
  #failure: { readonly error: unknown } | undefined;

  constructor(pid: number, compiled: Compiled, socket: Socket, options: LaunchOptions) {
    this.#compiled = compiled;
    this.#options = options;
    this.#socket = socket;
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#process = this.#watch(pid);
    const abort = () => this.#abort();
    options.signal?.addEventListener('abort', abort, { once: true });
    socket.on('data', (bytes) => this.#read(bytes));
    // A launcher that dies with unread bytes resets the connection: that is an end like any other.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      void this.#end();
      void this.#allExited().then(() => options.signal?.removeEventListener('abort', abort));
    });
  }

  get #hops(): number {
    return this.#processes.length - 1;
  }

  /** Whether the process that will be the command is known. */
  get #arrived(): boolean {
    return this.#hops >= this.#compiled.hops;
  }

  #watch(pid: number): Process {
    const hops = this.#processes.length;
    const last = hops >= this.#compiled.hops;
    // Those in between need one only if a handler is given it.
    const process = new Process(pid, { handle: last || this.#compiled.pauses.some((pause) => pause.hops === hops) });
    this.#processes.push(process);
    return process;
  }

  #read(bytes: Buffer): void {
    try {
      const { records, rest } = readRecords(this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]));
      this.#bytes = rest;
      for (const record of records) this.#handle(record);
    } catch (error) {
      this.#fail(error);
    }
  }

  #handle(record: ProtocolRecord): void {
    if (record.type === RECORD.fail) {
      this.#fail(failureOf(this.#compiled, { op: record.value, errno: record.errno, text: record.text }));
      return;
    }
    const hop = record.errno;
    if (hop > this.#hops + (record.type === RECORD.child ? 1 : 0)) {
      this.#heldBack.push(record);
    } else if (record.type === RECORD.pause) {
      void this.#answer(record.value);
    } else {
      this.#process = this.#watch(record.value);
      if (this.#failure !== undefined) this.#kill();
      for (const held of this.#heldBack.splice(0)) this.#handle(held);
    }
  }

  async #answer(number: number): Promise<void> {
    const pause = this.#compiled.pauses[number];
    try {
      const answer = await this.#options.at?.[pause?.name ?? '']?.(this.#process);
      const reply = Buffer.alloc(pause?.answer?.out ?? 1);
      if (answer) {
        if (answer.length > reply.length)
          throw new RangeError(
            `the answer to pause ${pause?.name} has ${answer.length} bytes, its place ${reply.length}`,
          );
        reply.set(answer);
      }
      if (!this.#socket.destroyed) this.#socket.write(reply);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The first reason is the one that is told. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#kill();
  }

  #abort(): void {
    if (!this.#socket.destroyed) this.#failure ??= { error: this.#options.signal?.reason };
    this.#kill();
  }

  #kill(): void {
    if (this.#arrived) {
      this.#process.kill();
      return;
    }
    const late = setTimeout(() => {
      if (this.#arrived) return;
      // A child that we have not heard of finds its socket closed, and ends.
      this.#socket.destroy();
      this.#process.kill();
    }, GRACE);
    void this.#process.exited.then(() => clearTimeout(late));
  }

  async #end(): Promise<void> {
    if (this.#failure === undefined && this.#arrived) {
      this.#settle.resolve(this.#process);
      return;
    }
    const { exitCode, signal } = await this.#allExited();
    this.#settle.reject(
      this.#failure === undefined
        ? new Error(`the launcher ended (${signal ?? exitCode}) before its program did`)
        : this.#failure.error,
    );
  }

  /** Everything that was started; returns how the newest ended. */
  async #allExited() {
    await Promise.all(this.#processes.map(({ exited }) => exited));
    return this.#process.exited;
  }
}
