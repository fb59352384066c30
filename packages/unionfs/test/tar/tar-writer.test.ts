import { Buffer } from 'node:buffer';
import { Header, Parser } from 'tar';
import { expect, it } from 'vitest';
import { TarWriter } from '../../src/tar/tar-writer.ts';
import { collect } from './collect.ts';
import { bytes, everything, file, written } from './written.ts';

it('writes what the reader reads, whatever there is to say', () => {
  for (const entry of everything) {
    const [read] = collect(written([entry]));
    const { content = '', ...said } = entry;
    expect(read, said.name.toString()).toMatchObject({ ...said, content: Buffer.from(content) });
  }
});

it('writes no extended header where the header block says it all', () => {
  expect(flagsOf(written([file('dir/name', { content: 'text', mode: 0o4755, uid: 1000, gid: 2 ** 21 - 1 })]))).toBe(
    '0',
  );
  expect(flagsOf(written([file('a'.repeat(100)), file(`${'b'.repeat(155)}/${'c'.repeat(100)}`)]))).toBe('00');
});

it.each([
  ['a long name', { name: bytes('a'.repeat(101)) }, 'path'],
  ['a name that no slash divides well', { name: bytes(`${'b'.repeat(156)}/${'c'.repeat(100)}`) }, 'path'],
  ['a name that is not ASCII', { name: bytes('ä') }, 'path'],
  ['a long link', { type: 'symlink', link: bytes('l'.repeat(101)) }, 'linkpath'],
  ['an owner of more than seven digits', { uid: 2 ** 21 }, 'uid'],
  ['a group of more than seven digits', { gid: 2 ** 32 - 2 }, 'gid'],
  ['nanoseconds', { mtime: { seconds: 1, nanoseconds: 1 } }, 'mtime'],
  ['a time before 1970', { mtime: { seconds: -1, nanoseconds: 0 } }, 'mtime'],
  ['an attribute', { xattrs: new Map([['user.a', bytes('1')]]) }, 'SCHILY.xattr.user.a'],
] as const)('writes %s into an extended header, and nothing else', (_, part, key) => {
  expect(keysOf(written([{ ...file('name'), ...part }]))).toEqual([key]);
});

it('writes a size that the header has no room for into an extended header', () => {
  const parts: Buffer[] = [];
  const writer = new TarWriter((part) => void parts.push(Buffer.from(part)));
  writer.entry({ ...file('large'), size: 2 ** 33 });
  const archive = Buffer.concat(parts);
  expect(keysOf(archive)).toEqual(['size']);
  expect(new Header(archive, 1024, { size: 2 ** 33 }).size).toBe(2 ** 33);
});

it('says that names are bytes where they are not UTF-8', () => {
  expect(keysOf(written([{ ...file('x'), name: Buffer.from([0x61, 0xff]) }]))).toEqual(['hdrcharset', 'path']);
});

it('writes records in the order of their keys, and names of attributes as GNU tar does', () => {
  const xattrs = new Map([
    ['user.z', bytes('')],
    ['user.a=b%', Buffer.from([0, 10, 61, 255])],
  ]);
  const archive = written([{ ...file('ä'), xattrs, mtime: { seconds: -2, nanoseconds: 750_000_000 } }]);
  expect(keysOf(archive)).toEqual(['SCHILY.xattr.user.a%3Db%25', 'SCHILY.xattr.user.z', 'mtime', 'path']);
  expect(archive.includes('18 mtime=-1.25\n') || archive.includes('15 mtime=-1.25\n')).toBe(true);
});

it('writes the same bytes for the same entries', () => {
  expect(written(everything)).toEqual(written(everything));
  expect(written([])).toEqual(Buffer.alloc(1024));
});

it('writes headers that node-tar reads', () => {
  const names = ['short', 'a'.repeat(100), `${'b'.repeat(154)}/${'c'.repeat(100)}`, `${'d/'.repeat(60)}x`];
  for (const name of names) {
    const header = new Header(written([file(name, { mode: 0o4755, uid: 7, gid: 8, content: 'abc' })]));
    expect([header.cksumValid, header.path, header.type]).toEqual([true, name, 'File']);
    expect([header.mode, header.uid, header.gid, header.size, header.mtime?.getTime()]).toEqual([
      0o4755, 7, 8, 3, 5000,
    ]);
  }
  const device = new Header(written([{ ...file('d'), type: 'character', major: 4095, minor: 1_048_575 }]));
  expect([device.type, device.devmaj, device.devmin]).toEqual(['CharacterDevice', 4095, 1_048_575]);
});

it('writes archives that node-tar reads', async () => {
  // It knows neither attributes nor sparse files, takes names for UTF-8, and loses records that have a newline.
  const isKnown = (name: Buffer) => Buffer.from(name.toString()).equals(name) && !name.includes('\n');
  const known = everything.filter(({ name, link, extents }) => isKnown(name) && isKnown(link) && !extents);
  const read: string[] = [];
  const parser = new Parser({
    onReadEntry: (entry) => {
      read.push(`${entry.type} ${entry.path} ${entry.linkpath ?? ''} ${entry.size} ${entry.mode?.toString(8)}`);
      entry.resume();
    },
  });
  const ended = new Promise((resolve) => parser.on('end', resolve));
  parser.end(written(known));
  await ended;
  const types = { file: 'File', directory: 'Directory', symlink: 'SymbolicLink', hardlink: 'Link' };
  const others = { character: 'CharacterDevice', block: 'BlockDevice', fifo: 'FIFO' };
  expect(read).toEqual(
    known.map(
      ({ type, name, link, size, mode }) =>
        `${{ ...types, ...others }[type]} ${name} ${link} ${size} ${mode.toString(8)}`,
    ),
  );
});

it.each([
  ['no name', { name: Buffer.alloc(0) }],
  ['a NUL in its name', { name: bytes('a\0b') }],
  ['a mode with more than permissions', { mode: 0o100644 }],
  ['content in something else than a file', { type: 'fifo', size: 1 }],
  ['a device number that is too large', { type: 'block', major: 2 ** 21 }],
] as const)('refuses an entry with %s', (_, part) => {
  const writer = new TarWriter(() => {});
  expect(() => writer.entry({ ...file('x'), ...part })).toThrow(expect.objectContaining({ code: 'TREE_UNSUPPORTED' }));
});

it('refuses more or less content than it was told', () => {
  const writer = new TarWriter(() => {});
  writer.entry({ ...file('x'), size: 3 });
  writer.data(bytes('ab'));
  expect(() => writer.end()).toThrow('"x" lacks 1 bytes of its content');
  expect(() => writer.data(bytes('cd'))).toThrow('"x" has more content than its entry says');
});

/** The type flags of the header blocks; only for archives of small entries. */
function flagsOf(archive: Buffer): string {
  let flags = '';
  for (let at = 0; at < archive.length - 1024; ) {
    const header = new Header(archive, at);
    flags += archive.toString('latin1', at + 156, at + 157);
    at += 512 + Math.ceil((header.size ?? 0) / 512) * 512;
  }
  return flags;
}

function keysOf(archive: Buffer): string[] {
  const size = new Header(archive).size ?? 0;
  expect(archive.toString('latin1', 156, 157)).toBe('x');
  const keys: string[] = [];
  for (let at = 512; at < 512 + size; ) {
    const [, length = '', key = ''] = /^([0-9]+) ([^=]*)=/.exec(archive.toString('latin1', at)) ?? [];
    keys.push(key);
    at += Number(length);
  }
  return keys;
}
