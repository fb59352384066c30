/** An archive as a list of blocks, without knowing more than where headers are. */

import type { Random } from './random.ts';

/** Where the blocks begin whose checksum is right. */
export function headers(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    if (bytes[at] !== 0 && Number.parseInt(bytes.toString('latin1', at + 148, at + 154), 8) === sum(bytes, at))
      found.push(at);
  }
  return found;
}

/** Makes the checksum of a header right again. */
export function resum(bytes: Buffer, at: number): void {
  bytes.write(`${sum(bytes, at).toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
}

/** Changes one of the headers, whose checksum is made right again. */
export function inHeader(bytes: Buffer, random: Random, change: (at: number) => void): Buffer {
  const heads = headers(bytes);
  if (heads.length === 0) return bytes;
  const at = random.pick(heads);
  change(at);
  resum(bytes, at);
  return bytes;
}

/** Puts something before one of the headers. */
export function beforeHeader(bytes: Buffer, random: Random, what: Buffer): Buffer {
  const at = random.pick([0, ...headers(bytes)]);
  return Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at)]);
}

function sum(bytes: Buffer, from: number): number {
  let total = 8 * 0x20;
  for (let at = from; at < from + 512; at++) if (at < from + 148 || at >= from + 156) total += bytes[at] as number;
  return total;
}
