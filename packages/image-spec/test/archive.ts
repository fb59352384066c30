/** Tar archives made by hand, entry by entry. */
export interface EntrySpec {
  readonly name: string | Buffer;
  readonly type?: string;
  readonly content?: string | Buffer;
  readonly link?: string | Buffer;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly device?: readonly [number, number];
  /** Records of an extended header before it. */
  readonly pax?: Readonly<Record<string, string | Buffer>>;
  /** What the header says instead of the length of the content. */
  readonly size?: number;
  readonly magic?: string;
}

export const endOfArchive = Buffer.alloc(1024);

export function archive(...entries: EntrySpec[]): Buffer {
  return Buffer.concat([...entries.map(entryBytes), endOfArchive]);
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
  block.write(spec.magic ?? 'ustar\x0000', 257, 'latin1');
  const [major, minor] = spec.device ?? [0, 0];
  octal(major, 329, 8);
  octal(minor, 337, 8);
  sum(block);
  return block;
}

/** Makes the checksum of a header right. */
export function sum(block: Buffer): void {
  if (block.toString('latin1', 257, 262) !== 'ustar') return;
  block.write('        ', 148, 'latin1');
  const total = block.reduce((all, byte) => all + byte, 0);
  block.write(`${total.toString(8).padStart(6, '0')}\0`, 148, 'latin1');
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc(-content.length & 511)]);
}
