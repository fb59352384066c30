import { describe, expect, it } from 'vitest';
import { archive, base256, endOfArchive, entryBytes, extendedHeader } from '../archive.ts';
import { resum } from '../fuzz/blocks.ts';
import { collect } from './collect.ts';
import {
  holes,
  oldGnu,
  oldGnuOf,
  pax10Of,
  type SparseSpec,
  sparseFormats,
  whole,
  withRecords,
} from './sparse-archive.ts';

const invalid = { name: 'UnionfsError', code: 'LAYER_INVALID' };
const after = archive({ name: 'after', content: 'next' });

describe.each(Object.entries(sparseFormats))('a sparse file (%s)', (_, format) => {
  it('is its parts, and zeros between them', () => {
    const [entry, next] = collect(Buffer.concat([format(holes), after]));
    const expected = Buffer.alloc(20_000);
    expected.fill('a', 512, 1536).fill('b', 4096, 4796);
    expect(entry).toMatchObject({ type: 'file', name: Buffer.from('holes'), size: 20_000, stored: 1724 });
    expect(entry?.extents).toEqual([
      { offset: 512, length: 1024 },
      { offset: 4096, length: 700 },
    ]);
    expect(whole(entry as never)).toEqual(expected);
    expect(next?.name.toString()).toBe('after');
  });

  it('that is one hole has no parts', () => {
    const [entry, next] = collect(
      Buffer.concat([format({ ...holes, parts: [[20_000, 0]], content: Buffer.alloc(0) }), after]),
    );
    expect(entry).toMatchObject({ size: 20_000, stored: 0, extents: [] });
    expect(next?.content.toString()).toBe('next');
  });

  it('without any parts is one hole', () => {
    const [entry] = collect(Buffer.concat([format({ ...holes, parts: [], content: Buffer.alloc(0) }), after]));
    expect(entry).toMatchObject({ size: 20_000, stored: 0, extents: [] });
  });

  it('of 2,000 parts reads the same in pieces of any size', () => {
    const parts = Array.from({ length: 2000 }, (_, at): [number, number] => [at * 4096 + 512, 3]);
    const bytes = Buffer.concat([
      format({ ...holes, size: 9_000_000, parts, content: Buffer.from('xyz'.repeat(2000)) }),
      after,
    ]);
    const expected = collect(bytes);
    expect(expected[0]?.extents).toHaveLength(2000);
    expect(expected[1]?.name.toString()).toBe('after');
    for (const size of [1, 2, 7, 511, 512, 513, 1000, 4096, 9999]) expect(collect(bytes, size)).toEqual(expected);
  });

  it.each<[string, Partial<SparseSpec>]>([
    [
      'that overlap',
      {
        parts: [
          [0, 1000],
          [999, 724],
        ],
      },
    ],
    [
      'that go back',
      {
        parts: [
          [4096, 700],
          [512, 1024],
        ],
      },
    ],
    [
      'beyond its end',
      {
        parts: [
          [512, 1024],
          [19_999, 700],
        ],
      },
    ],
    [
      'of which the last, empty, is beyond its end',
      {
        parts: [
          [512, 1724],
          [20_001, 0],
        ],
      },
    ],
    [
      'of more bytes than the archive has',
      {
        parts: [
          [512, 1024],
          [4096, 701],
        ],
      },
    ],
    [
      'of fewer bytes than the archive has',
      {
        parts: [
          [512, 1024],
          [4096, 699],
        ],
      },
    ],
    [
      'beyond all numbers',
      {
        parts: [
          [512, 1024],
          [Number.MAX_SAFE_INTEGER, 700],
        ],
      },
    ],
  ])('with parts %s is refused', (_, wrong) => {
    expect(() => collect(Buffer.concat([format({ ...holes, ...wrong }), after]))).toThrow(
      expect.objectContaining({ ...invalid, entry: 'holes' }),
    );
  });

  it('that is cut off anywhere is refused', () => {
    const bytes = format(holes);
    // What fills the last block may be missing.
    for (let length = 1; length < bytes.length - 324; length += 13) {
      expect(() => collect(bytes.subarray(0, length))).toThrow(expect.objectContaining(invalid));
    }
  });
});

describe('a sparse file of the old GNU format', () => {
  it('can be larger than octal digits say', () => {
    const size = 2 ** 40;
    const parts = [
      [base256(BigInt(size - 4096), 12), 4096],
      [base256(BigInt(size), 12), 0],
    ] as const;
    const content = Buffer.alloc(4096, 'e');
    const [entry] = collect(
      Buffer.concat([oldGnuOf({ name: 'x', content }, parts, { size: base256(BigInt(size), 12) })]),
    );
    expect(entry).toMatchObject({ size, stored: 4096, extents: [{ offset: size - 4096, length: 4096 }] });
  });

  const content = Buffer.alloc(1024, 'c');
  const five = [0, 1, 2, 3, 4].map((at) => [at * 512, at === 4 ? 0 : 256] as const);

  const ended = [[0, 1024], ...Array<readonly [Buffer, Buffer]>(4).fill([Buffer.alloc(12), Buffer.alloc(12)])] as const;

  it.each<[string, Buffer]>([
    ['a negative size', oldGnuOf({ name: 'x' }, [], { size: base256(-1n, 12) })],
    ['a negative offset', oldGnuOf({ name: 'x', content }, [[base256(-512n, 12), 1024]], { size: 4096 })],
    ['a negative length', oldGnuOf({ name: 'x' }, [[0, base256(-512n, 12)]], { size: 4096 })],
    ['an offset that is no number', oldGnuOf({ name: 'x', content }, [['9'.repeat(12), 1024]], { size: 4096 })],
    [
      'an offset beyond all numbers',
      oldGnuOf({ name: 'x', content }, [[base256(2n ** 62n, 12), 1024]], { size: 4096 }),
    ],
    ['a map that ends and goes on', oldGnuOf({ name: 'x', content }, ended, { size: 4096 })],
    ['a map that goes on unsaid', oldGnuOf({ name: 'x', content }, five, { size: 4096, continued: [false] })],
    ['the magic of POSIX', oldGnuOf({ name: 'x', content, raw: { 257: 'ustar\x0000' } }, [[0, 1024]], { size: 4096 })],
    [
      'records of another format',
      withRecords([['GNU.sparse.size', 4096]], {
        name: 'x',
        type: 'S',
        raw: { 257: 'ustar  \0', 345: Buffer.alloc(155), 483: '00000010000\0' },
      }),
    ],
  ])('with %s is refused', (_, bytes) => {
    expect(() => collect(Buffer.concat([bytes, after]))).toThrow(expect.objectContaining(invalid));
  });

  it('cannot have so many parts that they fill the memory', { timeout: 60_000 }, () => {
    const many = Array.from({ length: 4 }, () => [0, 0] as const);
    const head = oldGnuOf({ name: 'x' }, many, { size: 4096, continued: [true] });
    const block = Buffer.alloc(512);
    for (let at = 0; at < 504; at += 12) block.write('00000000000\0', at, 'latin1');
    block[504] = 1;
    const bytes = Buffer.concat([head, ...Array<Buffer>(48_000).fill(block)]);
    expect(() => collect(bytes, 1024 * 1024)).toThrow('it has more than 1000000 parts');
  });
});

describe('a sparse file of PAX', () => {
  const size = ['GNU.sparse.size', 4096] as const;
  const version = (major: string, minor: string) =>
    [size, ['GNU.sparse.major', major], ['GNU.sparse.minor', minor]] as const;

  it.each<[string, Buffer]>([
    ['without a size', withRecords([['GNU.sparse.map', '0,4']], { name: 'x', content: 'four' })],
    ['with two sizes', withRecords([size, ['GNU.sparse.realsize', 4097]], { name: 'x' })],
    ['of an unknown version', withRecords(version('2', '0'), { name: 'x' })],
    ['of half a version', withRecords([size, ['GNU.sparse.major', 1]], { name: 'x' })],
    [
      'with an offset without a length',
      withRecords([size, ['GNU.sparse.map', '0,4,9']], { name: 'x', content: 'four' }),
    ],
    ['with a map of no numbers', withRecords([size, ['GNU.sparse.map', '0,0x4']], { name: 'x', content: 'four' })],
    ['with a negative length', withRecords([size, ['GNU.sparse.map', '0,-4']], { name: 'x' })],
    [
      'with other than the said number of parts',
      withRecords([size, ['GNU.sparse.numblocks', 2], ['GNU.sparse.map', '0,4']], { name: 'x', content: 'four' }),
    ],
    [
      'with two lengths in a row',
      withRecords([size, ['GNU.sparse.offset', 0], ['GNU.sparse.numbytes', 4], ['GNU.sparse.numbytes', 4]], {
        name: 'x',
        content: 'four',
      }),
    ],
    [
      'with two maps',
      withRecords([size, ['GNU.sparse.map', '0,4'], ['GNU.sparse.offset', 0], ['GNU.sparse.numbytes', 4]], {
        name: 'x',
        content: 'four',
      }),
    ],
    ['that is a directory', withRecords([size, ['GNU.sparse.map', '']], { name: 'x/', type: '5' })],
    ['that is a link', withRecords([size, ['GNU.sparse.map', '']], { name: 'x', type: '2', link: 'y' })],
    [
      'that all files are',
      Buffer.concat([extendedHeader('g', { 'GNU.sparse.size': '4096' }), entryBytes({ name: 'x' })]),
    ],
    ['with a map that says nothing', pax10Of({ name: 'x', size: 4096, map: '', content: Buffer.alloc(0) })],
    [
      'with a map that does not end',
      pax10Of({ name: 'x', size: 4096, map: '2\n0\n4', content: Buffer.alloc(512, '1') }),
    ],
    ['with a negative number of parts', pax10Of({ name: 'x', size: 4096, map: '-1\n', content: Buffer.alloc(0) })],
    ['with words in its map', pax10Of({ name: 'x', size: 4096, map: '1\nzero\n4\n', content: Buffer.alloc(4) })],
    ['with a NUL in its name', pax10Of({ name: 'x\0y', size: 4096, map: '0\n', content: Buffer.alloc(0) })],
  ])('%s is refused', (_, bytes) => {
    expect(() => collect(Buffer.concat([bytes, after]))).toThrow(expect.objectContaining(invalid));
  });

  it('with a map longer than the content is refused where the content ends', () => {
    const map = `${[200, ...Array<string>(400).fill('0')].join('\n')}\n`;
    const whole = pax10Of({ name: 'x', size: 4096, map, content: Buffer.alloc(0) });
    const short = Buffer.from(whole);
    short.write('00000001000\0', 1024 + 124, 'latin1');
    resum(short, 1024);
    expect(collect(Buffer.concat([whole, after]))[0]).toMatchObject({ size: 4096, extents: [] });
    expect(() => collect(Buffer.concat([short, after]))).toThrow('it is longer than what the archive has');
  });

  it('with an absurd number of parts is refused before they are read', () => {
    const bytes = pax10Of({ name: 'x', size: 4096, map: '1000001\n', content: Buffer.alloc(0) });
    expect(() => collect(bytes)).toThrow('it has more than 1000000 parts');
  });

  it('is called what GNU.sparse.name says, whatever its path', () => {
    const [entry] = collect(Buffer.concat([sparseFormats.pax10({ ...holes, pax: { path: 'other' } }), endOfArchive]));
    expect(entry?.name.toString()).toBe('holes');
  });

  it('keeps its other records, and they are its alone', () => {
    const pax = { uid: '77', mtime: '5.25', 'SCHILY.xattr.user.a': 'b' };
    const [entry, next] = collect(Buffer.concat([sparseFormats.pax10({ ...holes, pax }), after]));
    expect(entry).toMatchObject({ uid: 77, mtime: { seconds: 5, nanoseconds: 250_000_000 } });
    expect(entry?.xattrs.get('user.a')?.toString()).toBe('b');
    expect(next).toMatchObject({ uid: 0, size: 4, xattrs: new Map() });
    expect(next).not.toHaveProperty('extents');
  });
});

describe('where content begins', () => {
  const bytes = Buffer.concat([
    ...Object.values(sparseFormats).map((format) => format(holes)),
    entryBytes({ name: 'long', content: 'content', pax: { path: 'p'.repeat(600) } }),
    oldGnu({
      ...holes,
      parts: Array.from({ length: 60 }, (_, at) => [at * 64, 8] as const),
      content: Buffer.alloc(480, 'k'),
    }),
    entryBytes({ name: 'tape', type: 'V', content: 'x'.repeat(600) }),
    entryBytes({ name: 'dump', type: 'D', content: 'names' }),
    archive({ name: 'dir/', type: '5' }, { name: 'empty' }, { name: 'last', content: Buffer.alloc(1500, 'z') }),
  ]);

  it.each([1, 3, 100, 511, 512, 513, 1023, 1024, 1025, 4096, 1 << 20])('is exact in pieces of %s bytes', (pieces) => {
    const entries = collect(bytes, pieces);
    expect(entries).toHaveLength(10);
    for (const { position, stored, content } of entries) {
      expect(bytes.subarray(position, position + stored)).toEqual(content);
      expect(content).toHaveLength(stored);
      expect(position % 512).toBe(0);
    }
  });
});
