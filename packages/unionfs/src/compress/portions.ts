import type { Readable } from 'node:stream';

/** What a piece of work for another thread is, and what it begins anew with: the result depends on it. */
export const portionSize = 1024 * 1024;

/** The bytes of a stream in portions of one size, the last excepted, however they arrive; each in memory of its own. */
export async function* inPortions(source: Readable, see: (bytes: Buffer) => void): AsyncGenerator<Buffer> {
  let portion = Buffer.allocUnsafeSlow(portionSize);
  let filled = 0;
  for await (const part of source) {
    const bytes = Buffer.isBuffer(part) ? part : Buffer.from(part as Uint8Array | string);
    see(bytes);
    for (let at = 0; at < bytes.length; ) {
      const copied = bytes.copy(portion, filled, at);
      at += copied;
      filled += copied;
      if (filled < portionSize) continue;
      yield portion;
      portion = Buffer.allocUnsafeSlow(portionSize);
      filled = 0;
    }
  }
  if (filled > 0) yield portion.subarray(0, filled);
}
