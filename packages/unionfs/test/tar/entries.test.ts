import { archive, base256, entryBytes, longName } from '@estiba/testkit/archive';
import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';

describe('an entry', () => {
  it('has the fields of its header', () => {
    const spec = { name: 'a/b', content: 'hello', mode: 0o4755, uid: 10, gid: 20, mtime: 1234567890 };
    const [entry] = collect(archive(spec));
    expect(entry).toMatchObject({ type: 'file', size: 5, mode: 0o4755, uid: 10, gid: 20, major: 0, minor: 0 });
    expect(entry?.name.toString()).toBe('a/b');
    expect(entry?.content.toString()).toBe('hello');
    expect(entry?.mtime).toEqual({ seconds: 1234567890, nanoseconds: 0 });
  });

  it.each([
    ['0', 'file'],
    ['\0', 'file'],
    ['7', 'file'],
    ['1', 'hardlink'],
    ['2', 'symlink'],
    ['3', 'character'],
    ['4', 'block'],
    ['5', 'directory'],
    ['6', 'fifo'],
  ])('of type flag %j is a %s', (type, expected) => {
    expect(collect(archive({ name: 'x', type, link: 'y' }))[0]?.type).toBe(expected);
  });

  it('of an old archive is a directory when its name ends in a slash', () => {
    expect(collect(archive({ name: 'old/', type: '\0', raw: { 257: Buffer.alloc(8) } }))[0]?.type).toBe('directory');
  });

  it('keeps a name that is not UTF-8', () => {
    const name = Buffer.from([0x66, 0xff, 0xfe, 0x6f]);
    expect(collect(archive({ name }))[0]?.name).toEqual(name);
  });

  it('puts the prefix of the POSIX format before its name', () => {
    const [entry] = collect(archive({ name: 'name', raw: { 345: 'some/prefix' } }));
    expect(entry?.name.toString()).toBe('some/prefix/name');
  });

  it('has no prefix in the GNU format, which keeps times there', () => {
    const raw = { 257: 'ustar  \0', 345: '14373562410\x0014373562410\0', 329: '0000001\x000000003\0' };
    const [entry] = collect(archive({ name: 'null', type: '3', raw }));
    expect(entry).toMatchObject({ type: 'character', major: 1, minor: 3 });
    expect(entry?.name.toString()).toBe('null');
  });

  it('takes numbers that octal digits cannot hold', () => {
    const raw = { 108: base256(3_000_000_000n, 8), 136: base256(-5n, 12), 124: base256(3n, 12) };
    const [entry] = collect(archive({ name: 'x', content: 'abc', raw }));
    expect(entry).toMatchObject({ uid: 3_000_000_000, mtime: { seconds: -5, nanoseconds: 0 }, size: 3 });
  });

  it('has the long names of GNU tar before it, once', () => {
    const long = `${'d/'.repeat(150)}f`;
    const bytes = Buffer.concat([
      longName('K', `${long}-target`),
      longName('L', long),
      entryBytes({ name: 'cut', link: 'cut', type: '2' }),
      archive({ name: 'next', link: 'plain', type: '2' }),
    ]);
    const entries = collect(bytes).map(({ name, link }) => [name.toString(), link.toString()]);
    expect(entries).toEqual([
      [long, `${long}-target`],
      ['next', 'plain'],
    ]);
  });

  it('counts no content for what has none, whatever the header says', () => {
    const entries = collect(archive({ name: 'd', type: '5', size: 4096 }, { name: 'after' }));
    expect(entries.map(({ name, size }) => [name.toString(), size])).toEqual([
      ['d', 0],
      ['after', 0],
    ]);
  });
});
