import { once } from 'node:events';
import { attempt, type Child, type Fd, launch, perform, syscall } from '@estiba/syscalls';
import { isAwaited, onAttention } from './attention.ts';
import { epollEvent, program, RECORD, readIds } from './lookout-program.ts';

/*
 *  eventfd  PSI  …          Node cannot wait for these: libuv takes sockets, pipes and terminals only, a thread that
 *      \    |   /           blocks could not be ended, and the four of the thread pool are soon used up. So a small
 *        epoll              process waits (30 KB, no libc): one for all, there while somebody waits for an event.
 *          |
 *   epoll_pwait, write      It shares the epoll instance, so what is added here it sees without being told.
 *          |
 *         pipe
 *          |
 *         Node
 */

export interface Ready {
  ready(): void;
  /** Nothing will be told any more; `lookoutRefusal` has the words. */
  failed(cause: unknown): void;
}

export const [EPOLLIN, EPOLLPRI] = [0x1, 0x2];

/** Calls back when the descriptor has something new, while somebody waits (attention.ts). It is not closed. epoll(7) */
export function onReady(fd: Fd, events: number, callbacks: Ready): Disposable {
  const id = nextId++;
  lookout ??= new Lookout();
  const current = lookout;
  current.add(id, fd, events, callbacks);
  return { [Symbol.dispose]: () => current.remove(id, fd) };
}

/** When no process is left of those that were no longer needed. */
export async function processesEnded(): Promise<void> {
  await Promise.all(endings);
}

let lookout: Lookout | undefined;
const endings = new Set<Promise<void>>();
let nextId = 1;

class Lookout {
  readonly #epoll = openEpoll();
  readonly #callbacks = new Map<number, Ready>();
  readonly #attention = onAttention(() => this.#attend());
  #child: Promise<Child | undefined> | undefined;
  /** Those that we end. */
  readonly #ending = new WeakSet<Child>();
  #late: NodeJS.Timeout | undefined;

  add(id: number, fd: Fd, events: number, callbacks: Ready): void {
    try {
      perform([syscall('epoll_ctl', this.#epoll, EPOLL_CTL_ADD, fd, epollEvent(events | EPOLLET, id))]);
      this.#callbacks.set(id, callbacks);
      this.#attend();
    } finally {
      this.#closeIfIdle();
    }
  }

  remove(id: number, fd: Fd): void {
    if (!this.#callbacks.delete(id)) return;
    // A copy of the descriptor, in a process that is just being started, would keep it in.
    if (!fd.closed) perform([attempt([syscall('epoll_ctl', this.#epoll, EPOLL_CTL_DEL, fd, 0)], ['ENOENT'])]);
    this.#closeIfIdle();
  }

  #closeIfIdle(): void {
    if (this.#callbacks.size > 0) return;
    if (lookout === this) lookout = undefined;
    this.#attention[Symbol.dispose]();
    this.#stop();
    this.#epoll.close();
  }

  // A process that runs keeps Node alive. Who handles one event and then waits for the next finds it still there.
  #attend(): void {
    if (isAwaited()) {
      clearTimeout(this.#late);
      this.#late = undefined;
      if (this.#callbacks.size > 0) this.#child ??= this.#start();
    } else if (this.#child !== undefined) {
      this.#late ??= setTimeout(() => this.#stop(), LINGER);
    }
  }

  async #start(): Promise<Child | undefined> {
    try {
      const child = await launch(program, { stdio: [this.#epoll, 'pipe', 'ignore'] });
      this.#listen(child);
      return child;
    } catch (error) {
      this.#child = undefined;
      this.#fail(error);
      return undefined;
    }
  }

  #listen(child: Child): void {
    let told = 0;
    let rest: Buffer = Buffer.alloc(0);
    child.stdout?.on('error', () => undefined);
    child.stdout?.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      for (; rest.length >= RECORD; rest = rest.subarray(RECORD)) {
        told += 1;
        for (const id of readIds(rest)) this.#callbacks.get(id)?.ready();
      }
    });
    child.stdout?.once('close', async () => {
      const { exitCode, signal } = await child.wait();
      if (this.#ending.has(child)) return;
      this.#child = undefined;
      // It has had its turns.
      if (told > 0) this.#attend();
      else this.#fail(new Error(`it ended at once: ${signal ?? exitCode}`));
    });
  }

  #stop(): void {
    clearTimeout(this.#late);
    this.#late = undefined;
    const child = this.#child;
    this.#child = undefined;
    const ending = child?.then(async (started) => {
      if (started === undefined) return;
      this.#ending.add(started);
      // What it has written is still read.
      started.kill('SIGKILL');
      if (started.stdout?.closed === false) await once(started.stdout, 'close');
      await started.wait();
    });
    if (ending === undefined) return;
    endings.add(ending);
    void ending.finally(() => endings.delete(ending));
  }

  #fail(error: unknown): void {
    for (const { failed } of [...this.#callbacks.values()]) failed(error);
  }
}

function openEpoll(): Fd {
  const EPOLL_CLOEXEC = 0o2000000;
  const create = syscall('epoll_create1', EPOLL_CLOEXEC);
  return perform([create], { keep: [create] }).fd(create);
}

const [EPOLL_CTL_ADD, EPOLL_CTL_DEL] = [1, 2];
const EPOLLET = 2 ** 31;
/** Milliseconds. */
const LINGER = 50;
