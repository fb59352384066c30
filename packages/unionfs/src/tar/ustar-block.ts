/** A header block as every reader of tar understands it, ustar and nothing else; header-layout.ts has a drawing. */
import { blockSize, checksumOf, type Field, layout } from './header-layout.ts';

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
  name.copy(block, layout.name.at, 0, nameLength);
  for (const field of ['mode', 'uid', 'gid', 'size', 'mtime', 'major', 'minor'] as const) {
    octal(block, layout[field], fields[field]);
  }
  block.write(fields.flag, layout.flag.at, 'latin1');
  fields.link.copy(block, layout.link.at, 0, layout.link.length);
  // Owners are numbers: the names of this machine mean nothing elsewhere.
  block.write('ustar\x0000', layout.magic.at, 'latin1');
  prefix.copy(block, layout.prefix.at);
  writeChecksum(block);
  return block;
}

export const nameLength = layout.name.length;

/** The two parts that a name is written in, cut at a slash that goes without saying; undefined: it is too long for that. */
export function splitName(name: Buffer): { prefix: Buffer; name: Buffer } | undefined {
  if (name.length <= nameLength) return { prefix: empty, name };
  // The earliest that leaves no more than fits; the slash at the end of a directory is not one to cut at.
  const cut = name.indexOf(slash, Math.max(name.length - nameLength - 1, 1));
  if (cut === -1 || cut > layout.prefix.length || cut === name.length - 1) return undefined;
  return { prefix: name.subarray(0, cut), name: name.subarray(cut + 1) };
}

const slash = 0x2f;
const empty = Buffer.alloc(0);

function octal(block: Buffer, { at, length }: Field, value: number): void {
  let rest = value;
  for (let digit = at + length - 2; digit >= at; digit--) {
    block[digit] = 0x30 + (rest % 8);
    rest = Math.floor(rest / 8);
  }
}

/** Six digits, NUL and blank. */
function writeChecksum(block: Buffer): void {
  block.write(`${checksumOf(block).toString(8).padStart(6, '0')}\0 `, layout.checksum.at, 'latin1');
}
