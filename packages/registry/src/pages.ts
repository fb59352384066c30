import type { Exchange } from './exchange.ts';
import { Refusal } from './refusal.ts';

export interface Page<T> {
  readonly items: readonly T[];
  /** `Link`, where there is more. RFC 8288 */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The page of a sorted list that `n` and `last` ask for, of at most `most` entries.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags
 */
export function pageOf<T>(
  { url }: Exchange,
  all: readonly T[],
  keyOf: (item: T) => string,
  most: number = Infinity,
): Page<T> {
  const wanted = url.searchParams.get('n');
  if (wanted !== null && !/^\d{1,9}$/.test(wanted)) {
    throw new Refusal(400, 'UNSUPPORTED', 'n has to be a number of entries');
  }
  const last = url.searchParams.get('last') ?? '';
  const after = all.filter((item) => keyOf(item) > last);
  const items = after.slice(0, Math.min(most, wanted === null ? Infinity : Number(wanted)));
  const end = items.at(-1);
  if (end === undefined || items.length === after.length) return { items, headers: {} };
  const query = new URLSearchParams(url.searchParams);
  query.set('n', String(items.length));
  query.set('last', keyOf(end));
  return { items, headers: { link: `<${url.pathname}?${query}>; rel="next"` } };
}
