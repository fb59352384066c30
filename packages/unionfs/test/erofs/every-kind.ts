/** A layer with an entry of each kind, and of each way in which one can be unusual. */
import type { EntrySpec } from '@estiba/testkit/archive';

export function everyKind(): EntrySpec[] {
  const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
  const long = 'n'.repeat(255);
  return [
    { name: './', type: '5', mode: 0o751, uid: 7, gid: 8, mtime: 1_000_000_000 },
    { name: 'empty', mode: 0o400 },
    ...[1, 511, 512, 513, 4095, 4096, 4097, 70_000].map((size) => ({
      name: `size ${size}`,
      content: 'c'.repeat(size),
    })),
    { name: 'set-id', content: '#!', mode: 0o6755, uid: 1000, gid: 1001 },
    { name: 'sticky/', type: '5', mode: 0o1777 },
    { name: 'large ids', pax: { uid: '4294967294', gid: '2147483648' } },
    { name: 'no such folder/but a file', content: 'x' },
    { name: 'link', type: '2', link: '../any/where' },
    { name: 'character', type: '3', device: [4095, 1_048_575], mode: 0o620 },
    { name: 'block', type: '4', device: [259, 70_000], mode: 0o660 },
    { name: 'null', type: '3', device: [1, 3], mode: 0o666 },
    { name: 'fifo', type: '6', mode: 0o600 },
    { name: 'second name', type: '1', link: 'size 513' },
    { name: 'sticky/third name', type: '1', link: 'second name' },
    { name: 'name of a link', type: '1', link: 'link' },
    { name: 'name of a fifo', type: '1', link: 'fifo' },
    { name: 'early', mtime: 0, pax: { mtime: '-1.25' } },
    { name: 'precise', pax: { mtime: '1234567890.987654321' } },
    { name: 'link of then', type: '2', link: 'x', pax: { mtime: '77.000000001' } },
    { name: Buffer.from([0x66, 0xff, 0x0a, 0x22, 0x5c, 0x01, 0xe4]), content: 'any bytes' },
    { name: 'x', content: 'long', pax: { path: `${long}/${long}/${long}` } },
    ...['!', '-', '.a', '..b', '/c.', 'B', 'a', 'ab', 'a b', 'ä'].map((name) => ({
      name: `order/${name}`,
      content: name,
    })),
    { name: 'capable', content: '#!', mode: 0o755, pax: { 'SCHILY.xattr.security.capability': capability } },
    {
      name: 'labelled',
      pax: { 'SCHILY.xattr.user.a': Buffer.from([0, 10, 61]), 'LIBARCHIVE.xattr.trusted.b': 'Yg==' },
    },
    { name: 'folder/', type: '5', mode: 0o700, pax: { 'SCHILY.xattr.user.c': 'd'.repeat(600), mtime: '5.5' } },
    { name: 'overlaid/', type: '5', pax: { 'SCHILY.xattr.trusted.overlay.opaque': 'y' } },
    { name: 'pipe', type: '6', pax: { 'SCHILY.xattr.user.e': 'f', 'SCHILY.xattr.trusted.g': 'h' } },
    { name: 'foreign', pax: { 'SCHILY.xattr.system.unknown': 'x', 'SCHILY.xattr.com.apple.provenance': 'y' } },
    { name: 'replaced/below/it', content: 'x' },
    { name: 'replaced', content: 'by a file' },
    { name: 'large directory/', type: '5' },
    ...Array.from({ length: 60 }, (_, count) => ({ name: `large directory/${'x'.repeat(count * 4)}${count}` })),
  ];
}
