/**
 * Where the fields of a header block stand, and how many bytes each has:
 *
 *     name 100 | mode 8 | uid 8 | gid 8 | size 12 | mtime 12 | checksum 8 | type 1 | link 100 |
 *     magic 6 and version 2: "ustar" NUL "00" | user name 32 | group name 32 | major 8 | minor 8 | prefix 155 | 12 zeros
 *
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */
export interface Field {
  readonly at: number;
  readonly length: number;
}

export const blockSize = 512;

export const layout = {
  name: { at: 0, length: 100 },
  mode: { at: 100, length: 8 },
  uid: { at: 108, length: 8 },
  gid: { at: 116, length: 8 },
  size: { at: 124, length: 12 },
  mtime: { at: 136, length: 12 },
  checksum: { at: 148, length: 8 },
  flag: { at: 156, length: 1 },
  link: { at: 157, length: 100 },
  magic: { at: 257, length: 6 },
  major: { at: 329, length: 8 },
  minor: { at: 337, length: 8 },
  prefix: { at: 345, length: 155 },
} as const satisfies Readonly<Record<string, Field>>;

/** The sum of all bytes of a block, the field of the sum itself taken as blanks. */
export function checksumOf(block: Buffer): number {
  const { at, length } = layout.checksum;
  let sum = length * 0x20;
  for (let index = 0; index < at; index++) sum += block[index] as number;
  for (let index = at + length; index < blockSize; index++) sum += block[index] as number;
  return sum;
}
