import { setTimeout as sleep } from 'node:timers/promises';

/** Something that goes wrong on purpose: which requests it hits, and what happens to them. */
export interface Fault {
  readonly method?: string;
  /** A part of the path, or a pattern for it. */
  readonly path?: string | RegExp;
  /** How many requests it hits; 1 unless told. */
  readonly times?: number;
  /** Answer with this status instead. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Send the reader to the same path of this origin. */
  readonly redirect?: string;
  /** Break the connection after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Serve a blob as if it ended after so many bytes. */
  readonly endAfter?: number;
  /** Send nothing more after so many bytes of the body, and keep the connection. */
  readonly stallAfter?: number;
  /** Change the byte at this place of the body. */
  readonly corruptAt?: number;
  /** Send the body no faster than this. */
  readonly bytesPerSecond?: number;
  /** Answer with the whole content although a range was asked for. */
  readonly ignoreRange?: boolean;
  /** Milliseconds before the answer. */
  readonly delay?: number;
}

/** The faults that are still to happen. */
export class Faults {
  #faults: { fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#faults = [];
  }

  /** The first fault that hits the request, used up by one. */
  take(method: string, path: string): Fault | undefined {
    const hit = this.#faults.find(({ fault, left }) => left > 0 && hits(fault, method, path));
    if (hit !== undefined) hit.left -= 1;
    return hit?.fault;
  }
}

/** A body as a fault makes it. `cut` is called where the connection is to break. */
export async function* spoil(
  body: AsyncIterable<Uint8Array>,
  fault: Fault,
  cut: () => void,
  closed: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const piece of body) {
    let chunk = corrupt(piece, sent, fault.corruptAt);
    const end = Math.min(fault.cutAfter ?? Infinity, fault.stallAfter ?? Infinity);
    const last = sent + chunk.length >= end;
    if (last) chunk = chunk.subarray(0, end - sent);
    if (fault.bytesPerSecond !== undefined) yield* drip(chunk, fault.bytesPerSecond, closed);
    else yield chunk;
    sent += chunk.length;
    if (!last) continue;
    if (fault.stallAfter !== undefined) await new Promise((resolve) => closed.addEventListener('abort', resolve));
    if (fault.cutAfter !== undefined) {
      // What has been handed over must leave before the connection does.
      await sleep(20);
      cut();
    }
    return;
  }
}

function hits({ method, path }: Fault, actual: string, url: string): boolean {
  if (method !== undefined && method !== actual) return false;
  if (path === undefined) return true;
  return typeof path === 'string' ? url.includes(path) : path.test(url);
}

function corrupt(chunk: Uint8Array, start: number, at: number | undefined): Uint8Array {
  if (at === undefined || at < start || at >= start + chunk.length) return chunk;
  const copy = Uint8Array.from(chunk);
  copy[at - start] = (copy[at - start] ?? 0) ^ 0xff;
  return copy;
}

async function* drip(chunk: Uint8Array, bytesPerSecond: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const step = Math.max(1, Math.floor(bytesPerSecond / 20));
  for (let at = 0; at < chunk.length && !signal.aborted; at += step) {
    yield chunk.subarray(at, at + step);
    await sleep(50);
  }
}
