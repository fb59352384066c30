/** The fields of a tar header block. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06 */
import { UnionfsError } from '../unionfs-error.ts';
import type { Field } from './header-layout.ts';

/** A text that ends at its first NUL or fills the field. */
export function text(block: Buffer, { at, length }: Field): Buffer {
  const end = block.indexOf(0, at);
  return block.subarray(at, end === -1 || end > at + length ? at + length : end);
}

/**
 * A number: octal digits between blanks, or, for what octal cannot hold, a big-endian two's complement number marked by
 * the first bit. https://www.gnu.org/software/tar/manual/html_node/Extensions.html
 */
export function number(block: Buffer, field: Field, what: string): number {
  const first = block[field.at] ?? 0;
  return first & 0x80 ? base256(block, field, what) : octal(block, field, what);
}

function octal(block: Buffer, field: Field, what: string): number {
  let { at } = field;
  const end = at + field.length;
  while (at < end && isBlank(block[at])) at++;
  let value = 0;
  for (; at < end && !isBlank(block[at]); at++) {
    const digit = (block[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) throw broken(what, text(block, field).toString('latin1'));
    value = value * 8 + digit;
  }
  for (; at < end; at++) {
    if (!isBlank(block[at])) throw broken(what, text(block, field).toString('latin1'));
  }
  return value;
}

function base256(block: Buffer, { at: from, length }: Field, what: string): number {
  let value = BigInt((block[from] ?? 0) & 0x7f);
  for (let at = from + 1; at < from + length; at++) value = (value << 8n) | BigInt(block[at] ?? 0);
  const signed = BigInt.asIntN(length * 8 - 1, value);
  const result = Number(signed);
  if (!Number.isSafeInteger(result)) throw broken(what, String(signed));
  return result;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0;
}

function broken(what: string, value: string): UnionfsError {
  return new UnionfsError('LAYER_INVALID', `cannot read a tar header: its ${what} is ${JSON.stringify(value)}`);
}
