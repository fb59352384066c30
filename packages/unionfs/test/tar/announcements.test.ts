import { archive, endOfArchive, entryBytes, extendedHeader, longName } from '@estiba/testkit/archive';
import { describe, expect, it } from 'vitest';
import { resum } from '../fuzz/blocks.ts';
import { collect } from './collect.ts';

const invalid = { name: 'UnionfsError', code: 'LAYER_INVALID' };

function names(...parts: Buffer[]): string[] {
  return collect(Buffer.concat(parts)).map(({ name }) => name.toString());
}

describe('what is said before an entry', () => {
  it('by Sun is an extended header too', () => {
    const header = extendedHeader('x', { path: 'sun' });
    header[156] = 'X'.charCodeAt(0);
    resum(header, 0);
    expect(names(header, archive({ name: 'x' }))).toEqual(['sun']);
  });

  it('is about the entry, and not about the long name between them', () => {
    const parts = [extendedHeader('x', { size: '3', uid: '5' }), longName('L', 'n'.repeat(200))];
    const [entry, next] = collect(
      Buffer.concat([...parts, entryBytes({ name: 'cut', content: 'abc', size: 0 }), archive({ name: 'next' })]),
    );
    expect(entry).toMatchObject({ name: Buffer.from('n'.repeat(200)), size: 3, uid: 5 });
    expect(next).toMatchObject({ name: Buffer.from('next'), uid: 0 });
  });

  it('does not come to be about the entry after, where its own was wiped out', () => {
    const header = extendedHeader('x', { path: 'a' });
    expect(() => names(header, Buffer.alloc(512), archive({ name: 'b' }))).toThrow('zeros follow');
    expect(() => names(longName('L', 'a'), endOfArchive)).toThrow('zeros follow');
  });

  it('must be followed by an entry', () => {
    expect(() => names(entryBytes({ name: 'a' }), extendedHeader('x', { path: 'b' }))).toThrow('it is cut off in');
  });

  it('may be filled up with NULs, and nothing else', () => {
    const body = Buffer.concat([Buffer.from('9 path=a\n'), Buffer.alloc(100)]);
    const header = () => entryBytes({ name: 'PaxHeaders', type: 'x', content: body });
    expect(names(header(), archive({ name: 'x' }))).toEqual(['a']);
    body[80] = 'z'.charCodeAt(0);
    expect(() => names(header(), archive({ name: 'x' }))).toThrow(expect.objectContaining(invalid));
  });

  it('in bytes is taken as bytes', () => {
    const path = Buffer.from([0x61, 0xff, 0x0a, 0xfe]);
    const [entry] = collect(archive({ name: 'x', pax: { hdrcharset: 'BINARY', path } }));
    expect(entry?.name).toEqual(path);
  });

  it('gives the numbers of devices', () => {
    const pax = { 'SCHILY.devmajor': '3000000', 'SCHILY.devminor': '77', 'SCHILY.dev': '64768', 'SCHILY.ino': '9' };
    expect(collect(archive({ name: 'd', type: '3', device: [1, 3], pax }))[0]).toMatchObject({
      major: 3_000_000,
      minor: 77,
    });
  });

  it('is passed over where it is about access, change, flags and users', () => {
    const plain = collect(archive({ name: 'x', content: 'y' }));
    const pax = {
      atime: '1.5',
      ctime: 'whatever',
      comment: 'none',
      uname: 'root',
      gname: 'root',
      'SCHILY.fflags': 'nodump',
      'SCHILY.acl.access': 'user::rw-',
      'SCHILY.nlink': '4',
      'LIBARCHIVE.creationtime': '5',
      'RHT.security.selinux': 'unconfined',
      'GNU.volume.label': 'tape',
    };
    const [entry] = collect(archive({ name: 'x', content: 'y', pax }));
    expect({ ...entry, position: 512 }).toEqual(plain[0]);
  });

  it.each<[string, Record<string, string>]>([
    ['one of several volumes', { 'GNU.volume.filename': 'x', 'GNU.volume.offset': '512' }],
    ['a sparse file that only star can read', { 'SCHILY.realsize': '4096', size: '4' }],
    ['a device number that is none', { 'SCHILY.devmajor': 'one' }],
    ['a negative user', { uid: '-1' }],
    ['a size that is none', { size: '1e3' }],
    ['a time that is none', { mtime: 'noon' }],
  ])('is refused when it is about %s', (_, pax) => {
    expect(() => collect(archive({ name: 'x', content: 'four', pax }))).toThrow(expect.objectContaining(invalid));
  });
});

describe('what is said of all entries', () => {
  it('adds attributes to those of each', () => {
    const bytes = Buffer.concat([
      extendedHeader('g', { 'SCHILY.xattr.user.all': 'g', 'SCHILY.xattr.user.both': 'g' }),
      archive({ name: 'a' }, { name: 'b', pax: { 'SCHILY.xattr.user.both': 'x' } }),
    ]);
    const found = collect(bytes).map(({ xattrs }) => [...xattrs].map(([key, value]) => `${key}=${value}`).sort());
    expect(found).toEqual([
      ['user.all=g', 'user.both=g'],
      ['user.all=g', 'user.both=x'],
    ]);
  });

  it('cannot fill the memory', () => {
    const headers = Array.from({ length: 80 }, (_, at) =>
      extendedHeader('g', { [`SCHILY.xattr.user.${at}`]: 'v'.repeat(1000) }),
    );
    expect(() => collect(Buffer.concat(headers))).toThrow(
      'extended headers for all entries have more than 65536 bytes',
    );
  });

  it('is little, as it holds for each of them', () => {
    const records = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`SCHILY.xattr.user.${from + at}`, '']));
    const enough = [extendedHeader('g', records(0, 60)), extendedHeader('g', records(20, 80))];
    expect(collect(Buffer.concat([...enough, archive({ name: 'x' })]))[0]?.xattrs.size).toBe(100);
    expect(() => collect(Buffer.concat([...enough, extendedHeader('g', records(100, 1))]))).toThrow(
      'extended headers for all entries have more than 100 records that say something',
    );
  });

  it('is not gone through again for each entry where it means nothing', () => {
    const records = Object.fromEntries(Array.from({ length: 6000 }, (_, at) => [`c${at}`, '']));
    const entries = Array<Buffer>(3000).fill(entryBytes({ name: 'x', pax: { uid: '5' } }));
    const bytes = Buffer.concat([extendedHeader('g', records), ...entries]);
    const start = process.cpuUsage();
    expect(collect(bytes)).toHaveLength(3000);
    // It takes 20 times as long otherwise.
    expect(process.cpuUsage(start).user).toBeLessThan(1_000_000);
  });
});

describe('a directory', () => {
  it('of an incremental archive is one, without its list of names', () => {
    const bytes = Buffer.concat([
      entryBytes({ name: 'dump/', type: 'D', content: 'Yfile\0\0'.repeat(100) }),
      archive({ name: 'next' }),
    ]);
    expect(collect(bytes).map(({ name, type, size }) => [name.toString(), type, size])).toEqual([
      ['dump/', 'directory', 0],
      ['next', 'file', 0],
    ]);
  });

  it.each(['S', '7'])('by its name cannot be a file of type %s', (type) => {
    const raw = { 257: 'ustar  \0', 345: Buffer.alloc(155), 483: '00000001000\0' };
    expect(() => collect(archive({ name: 'dir/', type, raw }))).toThrow(expect.objectContaining(invalid));
  });

  it('by its name alone cannot have content, which readers disagree about', () => {
    expect(() => collect(archive({ name: 'dir/', content: 'x' }))).toThrow(
      'it is a directory by its name, and has content',
    );
  });
});
