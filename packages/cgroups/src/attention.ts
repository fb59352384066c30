/**
 * Whether anybody waits for an event. What listens to the kernel does not keep this process alive by itself: only
 * somebody who waits does, so that a watch that was begun and forgotten does not hold up the end.
 */
let waiting = 0;
let alive: NodeJS.Timeout | undefined;
const observers = new Set<() => void>();

export function isAwaited(): boolean {
  return waiting > 0;
}

export function beginWaiting(): void {
  waiting += 1;
  if (waiting > 1) return;
  alive = setInterval(() => undefined, LONG);
  for (const changed of observers) changed();
}

export function endWaiting(): void {
  waiting -= 1;
  if (waiting > 0) return;
  clearInterval(alive);
  for (const changed of observers) changed();
}

/** To be told when the first begins to wait and when the last has ended. */
export function onAttention(changed: () => void): Disposable {
  observers.add(changed);
  return { [Symbol.dispose]: () => void observers.delete(changed) };
}

// setTimeout(3p) of Node takes 31 bits.
const LONG = 2 ** 31 - 1;
