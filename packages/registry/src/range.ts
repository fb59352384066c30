/** Where `bytes=N-` begins. Other ranges are not served, which RFC 9110 section 14.2 leaves to the server. */
export function rangeStart(header: string | undefined): number | undefined {
  const [, start] = /^bytes=(\d+)-$/.exec(header ?? '') ?? [];
  return start === undefined ? undefined : Number(start);
}
