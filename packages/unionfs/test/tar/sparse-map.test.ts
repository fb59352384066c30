import { archive, base256 } from '@estiba/testkit/archive';
import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import { holes, oldGnuOf, type SparseSpec, sparseFormats, whole, withRecords } from './sparse-archive.ts';

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
