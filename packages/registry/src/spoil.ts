import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fault.ts';

/** A body as a fault makes it. `cut` is called where the connection is to break. */
export async function* spoil(
  body: AsyncIterable<Uint8Array>,
  fault: Fault,
  cut: () => void,
  closed: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const end = Math.min(fault.cutAfter ?? Infinity, fault.stallAfter ?? Infinity);
  let sent = 0;
  for await (const piece of fault.endless ? withoutEnd(body) : body) {
    const whole = corrupt(piece, sent, fault.corruptAt);
    const last = sent + whole.length >= end;
    const chunk = last ? whole.subarray(0, end - sent) : whole;
    if (fault.bytesPerSecond !== undefined) yield* drip(chunk, fault.bytesPerSecond, closed);
    else yield chunk;
    sent += chunk.length;
    if (!last) continue;
    if (fault.stallAfter !== undefined) await aborted(closed);
    if (fault.cutAfter !== undefined) {
      // What has been handed over must leave before the connection does.
      await sleep(20);
      cut();
    }
    return;
  }
}

/** So many bytes a second, in pieces of a twentieth of that. */
export async function* drip(
  chunk: Uint8Array,
  bytesPerSecond: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const step = Math.max(1, Math.floor(bytesPerSecond / 20));
  for (let at = 0; at < chunk.length && !signal.aborted; at += step) {
    yield chunk.subarray(at, at + step);
    await sleep(50);
  }
}

function corrupt(chunk: Uint8Array, start: number, at: number | undefined): Uint8Array {
  if (at === undefined || at < start || at >= start + chunk.length) return chunk;
  const copy = Uint8Array.from(chunk);
  copy[at - start] = (copy[at - start] ?? 0) ^ 0xff;
  return copy;
}

async function* withoutEnd(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* body;
  const zeros = new Uint8Array(64 * 1024);
  for (;;) yield zeros;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
