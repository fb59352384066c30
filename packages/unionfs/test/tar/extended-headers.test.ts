import { archive, entryBytes, extendedHeader } from '@estiba/testkit/archive';
import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';

const invalid = { name: 'UnionfsError', code: 'LAYER_INVALID' };

describe('an extended header', () => {
  it('gives names with newlines, and bytes as they are', () => {
    const capability = Buffer.from([1, 0, 0, 2, 0x0a, 0, 0x0a, 0xff]);
    const pax = { path: 'new\nline', 'SCHILY.xattr.security.capability': capability, linkpath: 'to\nit' };
    const [entry] = collect(archive({ name: 'x', pax }));
    expect(entry?.name.toString()).toBe('new\nline');
    expect(entry?.link.toString()).toBe('to\nit');
    expect(entry?.xattrs.get('security.capability')).toEqual(capability);
  });

  it('gives attributes as libarchive writes them', () => {
    const [entry] = collect(archive({ name: 'x', pax: { 'LIBARCHIVE.xattr.user.a%20b': 'AAEC' } }));
    expect(entry?.xattrs.get('user.a b')).toEqual(Buffer.from([0, 1, 2]));
  });

  it.each([
    ['1.5', { seconds: 1, nanoseconds: 500_000_000 }],
    ['1700000000.123456789123', { seconds: 1_700_000_000, nanoseconds: 123_456_789 }],
    ['-1.25', { seconds: -2, nanoseconds: 750_000_000 }],
    ['-3', { seconds: -3, nanoseconds: 0 }],
    ['0', { seconds: 0, nanoseconds: 0 }],
  ])('gives the time %s to the nanosecond', (mtime, expected) => {
    expect(collect(archive({ name: 'x', pax: { mtime } }))[0]?.mtime).toEqual(expected);
  });

  it('gives ids and sizes over those of the header', () => {
    const [entry, next] = collect(
      archive({ name: 'x', content: 'four', size: 0, pax: { size: '4', uid: '4000000', gid: '7' } }, { name: 'y' }),
    );
    expect(entry).toMatchObject({ size: 4, uid: 4_000_000, gid: 7 });
    expect(entry?.content.toString()).toBe('four');
    expect(next?.name.toString()).toBe('y');
  });

  it('for all entries holds until an entry has its own', () => {
    const bytes = Buffer.concat([
      extendedHeader('g', { uid: '5', mtime: '7.5' }),
      entryBytes({ name: 'a' }),
      entryBytes({ name: 'b', pax: { uid: '6' } }),
      archive({ name: 'c', uid: 9, pax: { uid: '' } }),
    ]);
    expect(collect(bytes).map(({ uid }) => uid)).toEqual([5, 6, 9]);
  });

  it.each([
    ['a length that goes too far', '99 path=x\n'],
    ['a length that is no number', 'xx path=x\n'],
    ['a length of nothing', '0 path=x\n'],
    ['no equals sign', '8 pathx\n'],
    ['no newline', '10 path=xx'],
  ])('with %s is refused', (_, body) => {
    const bytes = Buffer.concat([entryBytes({ name: 'PaxHeaders', type: 'x', content: body }), archive({ name: 'x' })]);
    expect(() => collect(bytes)).toThrow(expect.objectContaining(invalid));
  });

  it.each(['path', 'linkpath'])('with a NUL in its %s is refused', (key) => {
    expect(() => collect(archive({ name: 'x', pax: { [key]: 'a\0b' } }))).toThrow(expect.objectContaining(invalid));
  });

  it('of absurd size is refused before it is read', () => {
    const bytes = entryBytes({ name: 'PaxHeaders', type: 'x', size: 0o7777777777 });
    expect(() => collect(bytes)).toThrow('its extended header has 1073741823 bytes');
  });
});
