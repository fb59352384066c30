import { archive, endOfArchive, entryBytes, extendedHeader } from '@estiba/testkit/archive';
import { describe, expect, it } from 'vitest';
import { resum } from '../fuzz/blocks.ts';
import { collect } from './collect.ts';
import { holes, pax10Of, sparseFormats, withRecords } from './sparse-archive.ts';

const invalid = { name: 'UnionfsError', code: 'LAYER_INVALID' };
const after = archive({ name: 'after', content: 'next' });

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
