/** Sparse files as each of the formats writes them, right or wrong. */
import { base256, type EntrySpec, entryBytes } from '@estiba/testkit/archive';
import type { Collected } from './collect.ts';

export interface SparseSpec {
  readonly name: string;
  readonly size: number | Buffer;
  /** Offset and length of each part. */
  readonly parts: readonly (readonly [number, number])[];
  /** What the archive has of them. */
  readonly content: Buffer;
  readonly pax?: Readonly<Record<string, string>>;
}

/** A file of 20,000 bytes in three parts, the last of which is empty. */
export const holes: SparseSpec = {
  name: 'holes',
  size: 20_000,
  parts: [
    [512, 1024],
    [4096, 700],
    [20_000, 0],
  ],
  content: Buffer.concat([Buffer.alloc(1024, 'a'), Buffer.alloc(700, 'b')]),
};

export const sparseFormats = { oldGnu, pax00, pax01, pax10 } as const;

/** The fields of one of the parts. */
export type Field = number | string | Buffer;

export function oldGnu({ name, size, parts, content }: SparseSpec): Buffer {
  return oldGnuOf({ name, content }, parts, { size });
}

/** `ends` says what marks a block as continued, or not, instead of what is right. */
export function oldGnuOf(
  spec: EntrySpec,
  parts: readonly (readonly [Field, Field])[],
  { size, continued = [] }: { size: Field; continued?: readonly (boolean | undefined)[] },
): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 4; at < parts.length; at += 21) blocks.push(table(parts.slice(at, at + 21), 21, 512));
  const flags = [undefined, ...blocks].map((_, at) => continued[at] ?? at < blocks.length);
  for (const [at, block] of blocks.entries()) block[504] = flags[at + 1] ? 1 : 0;
  const raw = {
    257: 'ustar  \0',
    345: Buffer.alloc(41),
    386: table(parts.slice(0, 4), 4, 96),
    482: Buffer.from([flags[0] ? 1 : 0]),
    483: field(size),
  };
  const bytes = entryBytes({ ...spec, type: 'S', raw: { ...raw, ...spec.raw } });
  return Buffer.concat([bytes.subarray(0, 512), ...blocks, bytes.subarray(512)]);
}

export function pax00({ name, size, parts, content, pax = {} }: SparseSpec): Buffer {
  const each = parts.flatMap(([offset, length]): Row[] => [
    ['GNU.sparse.offset', offset],
    ['GNU.sparse.numbytes', length],
  ]);
  return withRecords([['GNU.sparse.size', size], ['GNU.sparse.numblocks', parts.length], ...each, ...rows(pax)], {
    name,
    content,
  });
}

export function pax01({ name, size, parts, content, pax = {} }: SparseSpec): Buffer {
  const records: Row[] = [
    ['GNU.sparse.size', size],
    ['GNU.sparse.numblocks', parts.length],
    ['GNU.sparse.name', name],
    ['GNU.sparse.map', parts.flat().join(',')],
  ];
  return withRecords([...records, ...rows(pax)], { name: `GNUSparseFile.1/${name}`, content });
}

export function pax10({ name, size, parts, content, pax = {} }: SparseSpec): Buffer {
  return pax10Of({ name, size, pax, map: `${[parts.length, ...parts.flat()].join('\n')}\n`, content });
}

export function pax10Of({ name, size, map, content, pax }: Omit<SparseSpec, 'parts'> & { map: string }): Buffer {
  const records: Row[] = [
    ['GNU.sparse.major', 1],
    ['GNU.sparse.minor', 0],
    ['GNU.sparse.name', name],
    ['GNU.sparse.realsize', size],
  ];
  const head = Buffer.alloc(Math.ceil(map.length / 512) * 512);
  head.write(map, 'latin1');
  const spec = { name: `GNUSparseFile.1/${name}`, content: Buffer.concat([head, content]) };
  return withRecords([...records, ...rows(pax ?? {})], spec);
}

type Row = readonly [string, number | string | Buffer];

/** Unlike an object, these can have a key twice. */
export function withRecords(records: readonly Row[], spec: EntrySpec): Buffer {
  const body = records.map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = rest.length;
    while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
    return `${length}${rest}`;
  });
  return Buffer.concat([entryBytes({ name: 'PaxHeaders', type: 'x', content: body.join('') }), entryBytes(spec)]);
}

/** What a reader of the file sees. */
export function whole({ size, extents, content }: Collected): Buffer {
  if (extents === undefined) return content;
  const bytes = Buffer.alloc(size);
  let at = 0;
  for (const { offset, length } of extents) {
    content.copy(bytes, offset, at, at + length);
    at += length;
  }
  return bytes;
}

function rows(pax: Readonly<Record<string, string>>): Row[] {
  return Object.entries(pax);
}

function table(parts: readonly (readonly [Field, Field])[], most: number, size: number): Buffer {
  const filled = parts.slice(0, most).map(([offset, length]) => Buffer.concat([field(offset), field(length)]));
  return Buffer.concat([...filled, Buffer.alloc(size - 24 * filled.length)]);
}

function field(value: Field): Buffer {
  if (typeof value !== 'number') return Buffer.from(value);
  return value < 8 ** 11 ? Buffer.from(`${value.toString(8).padStart(11, '0')}\0`) : base256(BigInt(value), 12);
}
