/** The longest that a timer can wait, 24 days. For Node anything longer is one millisecond. */
const longest = 2 ** 31 - 1;

/** Milliseconds for a timer; Infinity is as long as there is. Throws a TypeError for NaN, which would not wait at all. */
export function milliseconds(name: string, value: number): number {
  return Math.min(number(name, value), longest);
}

/** How many at once. Throws a TypeError for NaN, of which nothing is ever less: who waits would wait for ever. */
export function atLeastOne(name: string, value: number): number {
  return Math.max(number(name, value), 1);
}

/** Throws a TypeError for NaN. */
export function number(name: string, value: number): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value;
  throw new TypeError(`\`${name}\` is to be a number: ${value}`);
}
