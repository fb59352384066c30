/** Tar archives made by hand, right or wrong, byte by byte. */
import { Readable } from 'node:stream';

export interface EntrySpec {
  name: string | Buffer;
  type?: string;
  content?: string | Buffer;
  link?: string | Buffer;
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  device?: readonly [number, number];
  /** Records of an extended header before it. */
  pax?: Readonly<Record<string, string | Buffer>>;
  /** Fields of the header as they are to stand there, by offset; the checksum is made to fit. */
  raw?: Readonly<Record<number, string | Buffer>>;
  /** What the header says instead of the length of the content. */
  size?: number;
}

export const endOfArchive = Buffer.alloc(1024);

export function archive(...entries: EntrySpec[]): Buffer {
  return Buffer.concat([...entries.map(entryBytes), endOfArchive]);
}

/** An archive as a layer to apply. */
export function layer(...entries: EntrySpec[]): Readable {
  return Readable.from([archive(...entries)]);
}

export function entryBytes(spec: EntrySpec): Buffer {
  const content = Buffer.from(spec.content ?? '');
  const extended = spec.pax === undefined ? [] : [extendedHeader('x', spec.pax)];
  return Buffer.concat([...extended, header(spec, content.length), padded(content)]);
}

export function extendedHeader(flag: string, records: Readonly<Record<string, string | Buffer>>): Buffer {
  const body = Buffer.concat(Object.entries(records).map(([key, value]) => record(key, Buffer.from(value))));
  return Buffer.concat([header({ name: 'PaxHeaders', type: flag }, body.length), padded(body)]);
}

/** GNU tar's way of writing a name that does not fit. */
export function longName(flag: 'L' | 'K', name: string | Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name), Buffer.alloc(1)]);
  return Buffer.concat([header({ name: '././@LongLink', type: flag }, body.length), padded(body)]);
}

/** Two's complement, marked by the first bit. */
export function base256(value: bigint, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let rest = BigInt.asUintN(length * 8 - 1, value) | (1n << BigInt(length * 8 - 1));
  for (let at = length - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

function record(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function header(spec: EntrySpec, length: number): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, width: number) =>
    block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
  Buffer.from(spec.name).copy(block, 0, 0, 100);
  octal(spec.mode ?? (spec.type === '5' ? 0o755 : 0o644), 100, 8);
  octal(spec.uid ?? 0, 108, 8);
  octal(spec.gid ?? 0, 116, 8);
  octal(spec.size ?? length, 124, 12);
  octal(spec.mtime ?? 1_700_000_000, 136, 12);
  block.write(spec.type ?? '0', 156, 'latin1');
  Buffer.from(spec.link ?? '').copy(block, 157, 0, 100);
  block.write('ustar\x0000', 257, 'latin1');
  const [major, minor] = spec.device ?? [0, 0];
  octal(major, 329, 8);
  octal(minor, 337, 8);
  for (const [at, value] of Object.entries(spec.raw ?? {})) Buffer.from(value).copy(block, Number(at));
  correctChecksum(block);
  if (spec.raw?.[148] !== undefined) Buffer.from(spec.raw[148]).copy(block, 148);
  return block;
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

/** Of a header that was changed. */
export function correctChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0`, 148, 'latin1');
}
