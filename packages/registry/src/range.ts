/** The part of a content that was asked for; `end` is the first byte that is not wanted. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * What a Range header means for a content of `size` bytes: `undefined` for all of it, `'none'` where there is no such part.
 * Several parts at once are not served, which RFC 9110 section 14.2 leaves to the server.
 */
export function parseRange(header: string | undefined, size: number): Range | 'none' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  // `bytes=-500` are the last 500.
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size);
  return start < end ? { start, end } : 'none';
}
