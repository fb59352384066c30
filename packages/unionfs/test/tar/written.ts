/** Archives by our writer, and entries with all that is hard to say. */
import { type NewEntry, TarWriter } from '../../src/tar/tar-writer.ts';

export type Written = NewEntry & { readonly content?: string };

export function written(entries: readonly Written[]): Buffer {
  const parts: Buffer[] = [];
  const writer = new TarWriter((part) => void parts.push(Buffer.from(part)));
  for (const { content = '', ...entry } of entries) {
    writer.entry(entry);
    writer.data(Buffer.from(content));
    writer.end();
  }
  writer.finish();
  return Buffer.concat(parts);
}

export function file(name: string, { content = '', ...rest }: Partial<Written> = {}): Written {
  return {
    type: 'file',
    name: bytes(name),
    link: bytes(''),
    size: content.length,
    content,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: { seconds: 5, nanoseconds: 0 },
    major: 0,
    minor: 0,
    xattrs: new Map(),
    ...rest,
  };
}

export function bytes(text: string): Buffer {
  return Buffer.from(text);
}

export const everything: readonly Written[] = [
  file('file', { content: 'some text', mode: 0o6755, uid: 1, gid: 2 }),
  file('empty'),
  file('block', { content: 'x'.repeat(512) }),
  file('dir/', { type: 'directory', mode: 0o1777 }),
  file('link', { type: 'symlink', link: bytes('../elsewhere') }),
  file('hard', { type: 'hardlink', link: bytes('file') }),
  file('character', { type: 'character', major: 4095, minor: 1_048_575 }),
  file('device', { type: 'block', major: 8, minor: 1 }),
  file('fifo', { type: 'fifo' }),
  file('a'.repeat(100)),
  file('a'.repeat(101)),
  file(`${'b'.repeat(155)}/${'c'.repeat(100)}`),
  file(`${'b'.repeat(156)}/${'c'.repeat(100)}`),
  file(`${'d'.repeat(100)}/`, { type: 'directory' }),
  file(`${'long/'.repeat(200)}name`, { content: 'deep' }),
  file('ünïcödé/\n\t"quoted"', { content: 'x' }),
  file('x', { name: Buffer.from([0xff, 0xfe, 0x2f, 0x80]), content: 'bytes' }),
  file('far', { type: 'symlink', link: bytes('t'.repeat(4000)) }),
  file('strange', { type: 'symlink', link: Buffer.from([0xc3, 0x28]) }),
  file('hard far', { type: 'hardlink', link: bytes(`${'e/'.repeat(80)}f`) }),
  file('owned', { uid: 2 ** 21, gid: 2 ** 32 - 2 }),
  file('precise', { mtime: { seconds: 1_700_000_000, nanoseconds: 123_456_789 } }),
  file('tenth', { mtime: { seconds: 0, nanoseconds: 100_000_000 } }),
  file('old', { mtime: { seconds: -86_400, nanoseconds: 0 } }),
  file('older', { mtime: { seconds: -1, nanoseconds: 999_999_999 } }),
  file('oldest', { mtime: { seconds: -3, nanoseconds: 1 } }),
  file('late', { mtime: { seconds: 2 ** 34, nanoseconds: 0 } }),
  file('attributes', {
    content: 'x',
    xattrs: new Map([
      ['security.capability', Buffer.from([1, 0, 0, 2, 10, 61, 0, 255])],
      ['user.empty', Buffer.alloc(0)],
      ['user.equals=and%', bytes('=\n')],
      [Buffer.from('user.ü').toString('latin1'), bytes('ü')],
    ]),
  }),
  file('sparse', { size: 10_000, extents: [{ offset: 4096, length: 10 }], content: '0123456789' }),
  file('sparse to its end', { size: 20, extents: [{ offset: 10, length: 10 }], content: '0123456789' }),
  file('hole', { size: 2 ** 40, extents: [] }),
  file('spärse', {
    size: 40_000,
    content: 'ab'.repeat(50),
    extents: Array.from({ length: 50 }, (_, at) => ({ offset: at * 512, length: 2 })),
  }),
];
