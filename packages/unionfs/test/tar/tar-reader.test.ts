import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { requires, scratch } from '@estiba/testkit';
import { create, Parser } from 'tar';
import { describe, expect, it } from 'vitest';
import { TarReader } from '../../src/tar/tar-reader.ts';
import { archive, base256, type EntrySpec, endOfArchive, entryBytes, extendedHeader, longName } from '../archive.ts';
import { collect } from './collect.ts';

const invalid = { name: 'UnionfsError', code: 'LAYER_INVALID' };

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

describe('an archive', () => {
  it.each([1, 7, 512, 4096])('tells what fills the last block of a content, in pieces of %i bytes', (size) => {
    const hidden = entryBytes({ name: 'a', content: 'content', pax: { comment: 'x' } });
    hidden.fill('h', hidden.length - 505);
    const bytes = Buffer.concat([hidden, archive({ name: 'b', pax: { comment: 'y' } }, { name: 'c', content: 'c' })]);
    const told: [string, string][] = [];
    const reader = new TarReader({
      entry: ({ name }) => void told.push([name.toString(), '']),
      data: () => {},
      end: () => {},
      padding: (piece) => {
        const last = told.at(-1) as [string, string];
        last[1] += piece.toString('latin1');
      },
    });
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    reader.finish();
    expect(told).toEqual([
      ['a', 'h'.repeat(505)],
      ['b', ''],
      ['c', '\0'.repeat(511)],
    ]);
  });

  const several: EntrySpec[] = [
    { name: 'dir/', type: '5' },
    {
      name: 'dir/file',
      content: Buffer.alloc(1500, 'x'),
      pax: { path: `dir/${'ü'.repeat(300)}`, mtime: '5.000000001' },
    },
    { name: 'block', content: Buffer.alloc(512, 'y') },
    { name: 'link', type: '2', link: 'dir' },
  ];

  it('reads the same in pieces of any size', () => {
    const bytes = Buffer.concat([longName('L', 'n'.repeat(513)), archive(...several)]);
    const whole = collect(bytes);
    expect(whole).toHaveLength(4);
    for (let size = 1; size <= 1100; size++) expect(collect(bytes, size)).toEqual(whole);
  });

  it('that is cut off before the last byte of an entry is refused', () => {
    const bytes = archive(...several);
    const complete = new Set([0]);
    for (let at = 0, count = 0; count < several.length; count++) {
      const entry = several[count] as EntrySpec;
      const last = at + entryBytes({ ...entry, content: '' }).length + Buffer.byteLength(entry.content ?? '');
      at += entryBytes(entry).length;
      // Some writers do not fill up the last block.
      for (let length = last; length <= at; length++) complete.add(length);
    }
    const end = bytes.length - endOfArchive.length;
    for (let length = 0; length < end; length++) {
      const cut = () => collect(bytes.subarray(0, length));
      if (complete.has(length)) expect(cut).not.toThrow();
      else expect(cut).toThrow(expect.objectContaining(invalid));
    }
  });

  it('that is cut off in the label of a tape is refused, after it is not', () => {
    const label = entryBytes({ name: 'tape', type: 'V', content: 'x'.repeat(700) });
    for (let length = 1; length < label.length; length++) {
      const cut = () => collect(label.subarray(0, length));
      if (length < 512 + 700) expect(cut).toThrow(expect.objectContaining(invalid));
      else expect(cut()).toEqual([]);
    }
  });

  it('says in which entry it is cut off', () => {
    expect(() => collect(archive({ name: 'etc/passwd', content: 'x'.repeat(900) }).subarray(0, 700))).toThrow(
      'cannot unpack the layer: it is cut off in the entry "etc/passwd"',
    );
  });

  it('ends at two blocks of zeros, whatever follows', () => {
    expect(collect(Buffer.concat([archive({ name: 'x' }), Buffer.alloc(700, 'garbage')]))).toHaveLength(1);
  });

  it('that goes on after a lone block of zeros is refused, as readers disagree about it', () => {
    const bytes = Buffer.concat([entryBytes({ name: 'x' }), Buffer.alloc(512), archive({ name: 'y' })]);
    expect(() => collect(bytes)).toThrow('something follows the lone block of zeros behind the entry "x"');
    expect(collect(bytes.subarray(0, 1024))).toHaveLength(1);
  });

  it('without an end is accepted between two entries', () => {
    expect(collect(entryBytes({ name: 'x' }))).toHaveLength(1);
  });

  it('with a wrong checksum is refused', () => {
    expect(() => collect(archive({ name: 'x', raw: { 148: '0000001\0' } }))).toThrow(
      'its checksum is 1, its bytes sum',
    );
  });

  it('with a checksum over signed bytes is accepted', () => {
    const bytes = archive({ name: Buffer.from([0x66, 0xff]) });
    const signed = bytes.subarray(0, 512).reduce((sum, byte, at) => {
      const value = at >= 148 && at < 156 ? 0x20 : byte;
      return sum + (value > 127 ? value - 256 : value);
    }, 0);
    bytes.write(`${signed.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    expect(collect(bytes)).toHaveLength(1);
  });

  it('that is none is refused', () => {
    expect(() => collect(Buffer.alloc(2000, 'this is a text, not a tar '))).toThrow(expect.objectContaining(invalid));
  });

  it.each([
    ['a negative size', { 124: base256(-1n, 12) }],
    ['a size beyond all numbers', { 124: base256(2n ** 60n, 12) }],
    ['a size that is no number', { 124: '12x456789ab\0' }],
    ['a negative user', { 108: base256(-2n, 8) }],
    ['the user that stands for none', { 108: base256(0xffffffffn, 8) }],
    ['a type that nobody knows', { 156: 'Q' }],
    ['the type of part of a multi-volume archive', { 156: 'M' }],
    ['the type of a list of old long names', { 156: 'N' }],
    ['the type of an access list of Solaris', { 156: 'A' }],
    ['the type of an inode of star', { 156: 'I' }],
  ])('with %s is refused', (_, raw) => {
    expect(() => collect(archive({ name: 'x', raw }))).toThrow(expect.objectContaining(invalid));
  });
});

requires({ command: 'tar' })('an archive of GNU tar', () => {
  it.each(['gnu', 'posix', 'ustar'])('in the format %s reads as node-tar reads it', async (format) => {
    using folder = tree();
    const bytes = execFileSync('tar', [`--format=${format}`, '-C', folder.path, '-cf', '-', '.']);
    expect(summary(collect(bytes))).toEqual(await theirs(bytes));
  });

  it('made by node-tar reads as node-tar reads it', async () => {
    using folder = tree();
    const parts: Buffer[] = [];
    for await (const part of create({ cwd: folder.path }, ['.'])) parts.push(part as Buffer);
    const bytes = Buffer.concat(parts);
    expect(summary(collect(bytes))).toEqual(await theirs(bytes));
  });
});

function tree() {
  const folder = scratch('tar');
  mkdirSync(folder.join('deep/'.repeat(20)), { recursive: true });
  writeFileSync(folder.join('deep/file'), 'content');
  writeFileSync(folder.join(`deep/${'n'.repeat(90)}`), Buffer.alloc(5000, 'z'));
  writeFileSync(folder.join('ünïcödé'), '');
  symlinkSync('deep/file', folder.join('link'));
  return folder;
}

function summary(entries: readonly ReturnType<typeof collect>[number][]) {
  return entries.map(({ name, link, mode, uid, gid, mtime, content }) => ({
    name: name.toString(),
    link: link.toString(),
    mode,
    uid,
    gid,
    seconds: mtime.seconds,
    content: content.toString('latin1'),
  }));
}

function theirs(bytes: Buffer): Promise<ReturnType<typeof summary>> {
  return new Promise((resolve, reject) => {
    const entries: ReturnType<typeof summary> = [];
    const parser = new Parser({
      strict: true,
      onReadEntry: (entry) => {
        const parts: Buffer[] = [];
        entry.on('data', (part) => parts.push(part));
        entry.on('end', () =>
          entries.push({
            name: entry.path,
            link: entry.linkpath ?? '',
            mode: entry.mode ?? 0,
            uid: entry.uid ?? 0,
            gid: entry.gid ?? 0,
            seconds: Math.floor((entry.mtime?.getTime() ?? 0) / 1000),
            content: Buffer.concat(parts).toString('latin1'),
          }),
        );
      },
    });
    parser.on('end', () => resolve(entries));
    parser.on('error', reject);
    parser.end(bytes);
  });
}
