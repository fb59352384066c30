/**
 * A header block as every reader of tar understands it, ustar and nothing else:
 *
 *     name 100 | mode 8 | uid 8 | gid 8 | size 12 | mtime 12 | checksum 8 | type 1 | link 100 |
 *     "ustar" NUL "00" | user name 32 | group name 32 | major 8 | minor 8 | prefix 155 | 12 zeros
 *
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */
import { blockSize } from './tar-header.ts';

export interface UstarFields {
  readonly flag: string;
  readonly name: Buffer;
  readonly link: Buffer;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
}

/** What the digits of a field of eight, and of twelve bytes can say at most. */
export const largestSmall = 0o7777777;
export const largestLarge = 0o77777777777;

/** Every field must fit, the name as `splitName` has it: what does not belongs into an extended header. */
export function ustarBlock(fields: UstarFields): Buffer {
  const block = Buffer.alloc(blockSize);
  const { prefix, name } = splitName(fields.name) ?? { prefix: empty, name: fields.name };
  name.copy(block, 0, 0, nameLength);
  octal(block, 100, 8, fields.mode);
  octal(block, 108, 8, fields.uid);
  octal(block, 116, 8, fields.gid);
  octal(block, 124, 12, fields.size);
  octal(block, 136, 12, fields.mtime);
  block.write(fields.flag, 156, 'latin1');
  fields.link.copy(block, 157, 0, nameLength);
  // Owners are numbers: the names of this machine mean nothing elsewhere.
  block.write('ustar\x0000', 257, 'latin1');
  octal(block, 329, 8, fields.major);
  octal(block, 337, 8, fields.minor);
  prefix.copy(block, 345);
  writeChecksum(block);
  return block;
}

export const nameLength = 100;
const prefixLength = 155;

/** The two parts that a name is written in, cut at a slash that goes without saying; undefined: it is too long for that. */
export function splitName(name: Buffer): { prefix: Buffer; name: Buffer } | undefined {
  if (name.length <= nameLength) return { prefix: empty, name };
  // The earliest that leaves no more than fits; the slash at the end of a directory is not one to cut at.
  const cut = name.indexOf(slash, Math.max(name.length - nameLength - 1, 1));
  if (cut === -1 || cut > prefixLength || cut === name.length - 1) return undefined;
  return { prefix: name.subarray(0, cut), name: name.subarray(cut + 1) };
}

const slash = 0x2f;
const empty = Buffer.alloc(0);

function octal(block: Buffer, at: number, width: number, value: number): void {
  let rest = value;
  for (let digit = at + width - 2; digit >= at; digit--) {
    block[digit] = 0x30 + (rest % 8);
    rest = Math.floor(rest / 8);
  }
}

/** Of all bytes, the field itself taken as blanks; six digits, NUL and blank. */
function writeChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (let at = 0; at < blockSize; at++) sum += block[at] as number;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}
