import { archive } from '@estiba/testkit/archive';
import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';

const invalid = { name: 'UnionfsError', code: 'LAYER_INVALID' };

function xattrs(pax: Readonly<Record<string, string | Buffer>>): Record<string, string> {
  const [entry] = collect(archive({ name: 'x', pax }));
  return Object.fromEntries([...(entry?.xattrs ?? [])].map(([name, value]) => [name, value.toString('latin1')]));
}

const bytes = Buffer.from([0, 0xff, 0x0a, 0x3d]);
const base64 = bytes.toString('base64');

describe('extended attributes', () => {
  it.each<[string, Record<string, string | Buffer>, Record<string, string>]>([
    ['star and Go write', { 'SCHILY.xattr.user.a b': bytes }, { 'user.a b': '\0ÿ\n=' }],
    ['GNU tar writes', { 'SCHILY.xattr.user.a%3Db%25': bytes }, { 'user.a=b%': '\0ÿ\n=' }],
    ['nobody encodes', { 'SCHILY.xattr.user.a%20b%zz%3d': 'v' }, { 'user.a%20b%zz%3d': 'v' }],
    ['libarchive alone writes', { 'LIBARCHIVE.xattr.user.a%20b%3D': base64 }, { 'user.a b=': '\0ÿ\n=' }],
    [
      'bsdtar writes twice',
      { 'LIBARCHIVE.xattr.user.a%20b': base64, 'SCHILY.xattr.user.a%20b': bytes },
      { 'user.a b': '\0ÿ\n=' },
    ],
    ['have no value', { 'SCHILY.xattr.user.a': '', 'LIBARCHIVE.xattr.user.b': '' }, { 'user.a': '', 'user.b': '' }],
    ['libarchive writes without the end of base64', { 'LIBARCHIVE.xattr.user.a': 'YQ' }, { 'user.a': 'a' }],
  ])('are as %s', (_, pax, expected) => {
    expect(xattrs(pax)).toEqual(expected);
  });

  it('are what SCHILY says, where LIBARCHIVE says something else', () => {
    expect(xattrs({ 'SCHILY.xattr.user.a': 'schily', 'LIBARCHIVE.xattr.user.a': 'eHh4' })).toEqual({
      'user.a': 'schily',
    });
    expect(xattrs({ 'SCHILY.xattr.user.a b': 'schily', 'LIBARCHIVE.xattr.user.a%20b': 'eHh4' })).toEqual({
      'user.a b': 'schily',
    });
  });

  it.each<[string, Record<string, string | Buffer>]>([
    ['without a name', { 'SCHILY.xattr.': 'v' }],
    ['with a NUL in the name', { 'SCHILY.xattr.user.a\0b': 'v' }],
    ['with an encoded NUL in the name', { 'LIBARCHIVE.xattr.user.a%00b': 'dg==' }],
    ['with a name longer than Linux has', { [`SCHILY.xattr.user.${'a'.repeat(251)}`]: 'v' }],
    ['with a value longer than Linux has', { 'SCHILY.xattr.user.a': Buffer.alloc(65537) }],
    [
      'of more names than Linux lists',
      Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`SCHILY.xattr.user.${'a'.repeat(230)}${at}`, 'v'])),
    ],
    ['whose value is not base64', { 'LIBARCHIVE.xattr.user.a': 'a*b=' }],
  ])('%s are refused', (_, pax) => {
    expect(() => xattrs(pax)).toThrow(expect.objectContaining(invalid));
  });
});
