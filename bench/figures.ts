/** From samples to what is told about them. */

export interface Figures {
  readonly contender: string;
  /** In milliseconds. */
  readonly min: number;
  readonly median: number;
  readonly p95: number;
  /** The time of ours by the time of this one: the median of what each round says. Below 1 ours is faster. */
  readonly ratio: number;
  /** Where the true median of the ratio lies, about nineteen times out of twenty; NaN where there were fewer than six rounds. */
  readonly between: readonly [number, number];
}

export function figuresOf(contender: string, samples: readonly number[], ours: readonly number[]): Figures {
  if (samples.length === 0 || !samples.every((time) => time > 0))
    throw new Error(`no figures of ${contender}: its samples are ${samples.join(', ') || 'none'}`);
  const times = sorted(samples);
  // Within a round contenders run side by side, so whatever slows the machine down slows both.
  const ratios = sorted(samples.map((time, round) => (ours[round] ?? Number.NaN) / time));
  return {
    contender,
    min: at(times, 0),
    median: at(times, 0.5),
    p95: at(times, 0.95),
    ratio: at(ratios, 0.5),
    between: intervalOf(ratios),
  };
}

export function median(values: readonly number[]): number {
  return at(sorted(values), 0.5);
}

/** By order statistics: half the values lie above the median, as coins fall. */
function intervalOf(values: readonly number[]): [number, number] {
  // Of so few the smallest and the largest do not even hold it nine times out of ten.
  if (values.length < 6) return [Number.NaN, Number.NaN];
  const half = 0.98 / Math.sqrt(values.length);
  return [at(values, Math.max(0, 0.5 - half)), at(values, Math.min(1, 0.5 + half))];
}

function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}

/** Between two values the mean of both. */
function at(values: readonly number[], share: number): number {
  const place = (values.length - 1) * share;
  const [low, high] = [values[Math.floor(place)], values[Math.ceil(place)]];
  return low === undefined || high === undefined ? Number.NaN : low + (high - low) * (place - Math.floor(place));
}
