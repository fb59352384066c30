/** The command line, as far as both commands have it in common. */

/** Wrong use of the command: told without a stack, with status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function parseNumber(text: string, option: string, { least, most }: { least: number; most: number }): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${option} ${text}: write a number from ${least} to ${most}`);
}

/** Seconds, as `1`, `0.5` or `500ms`, in milliseconds. */
export function parseInterval(text: string, option: string): number {
  const [, digits, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(text) ?? [];
  const milliseconds = Number(digits) * (unit === 's' ? 1_000 : 1);
  if (milliseconds >= 50 && milliseconds <= 86_400_000) return milliseconds;
  throw new UsageError(`--${option} ${text}: write seconds such as 1, 0.5 or 500ms, from 50ms to a day`);
}
