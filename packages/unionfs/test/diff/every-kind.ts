/** A tree with every kind of file, and everything that is hard to say about one. */
import { aclFor, capability, type FileSpec } from './make-tree.ts';

const strange = Buffer.from([0xff, 0xfe, 0x20, 0x0a, 0x80]).toString('latin1');
const long = 'l'.repeat(255);

const files: readonly FileSpec[] = [
  { path: 'empty', type: 'file', mode: 0o644, time: [0, 0] },
  { path: 'tool', type: 'file', content: 'tool', mode: 0o6755, owner: [12345, 54321], time: [1_600_000_000, 0] },
  { path: 'capable', type: 'file', content: 'x', mode: 0o755, xattrs: { 'security.capability': capability } },
  { path: 'listed', type: 'file', mode: 0o640, xattrs: { 'system.posix_acl_access': aclFor(4711) } },
  { path: 'precise', type: 'file', time: [1_700_000_000, 123_456_789] },
  { path: 'old', type: 'file', time: [-1_000_000, 500_000_000] },
  { path: 'far', type: 'file', time: [2 ** 32, 1] },
  { path: 'owned', type: 'file', owner: [2 ** 21 + 1, 2 ** 32 - 2] },
  {
    path: 'marked',
    type: 'file',
    xattrs: { 'user.binary': Buffer.from([0, 10, 61, 255]), 'user.empty': Buffer.alloc(0) },
  },
  { path: 'tagged', type: 'file', xattrs: { 'user.a=b%c': Buffer.from('1'), 'trusted.note': Buffer.from('2') } },
  {
    path: 'dir',
    type: 'directory',
    mode: 0o1777,
    owner: [1, 2],
    time: [1_500_000_000, 7],
    xattrs: { 'user.d': Buffer.from('d') },
  },
  { path: 'dir/closed', type: 'directory', mode: 0o700, xattrs: { 'system.posix_acl_default': aclFor(1) } },
  { path: 'dir/closed/inside', type: 'file', content: 'inside' },
  { path: 'dir/none', type: 'directory', time: [1, 0] },
  { path: 'dir/again', type: 'hardlink', link: 'tool' },
  { path: 'z', type: 'hardlink', link: 'dir/again' },
  { path: 'absolute', type: 'symlink', link: '/etc/passwd', owner: [3, 4], time: [1_400_000_000, 5] },
  { path: 'climbing', type: 'symlink', link: '../../x' },
  { path: 'looping', type: 'symlink', link: 'looping' },
  { path: 'also climbing', type: 'hardlink', link: 'climbing' },
  { path: 'far link', type: 'symlink', link: 't/'.repeat(1000) },
  { path: 'strange link', type: 'symlink', link: strange },
  { path: 'console', type: 'character', device: [5, 1], mode: 0o620, owner: [0, 5] },
  { path: 'large device', type: 'block', device: [4095, 1_048_575], mode: 0o660 },
  { path: 'also console', type: 'hardlink', link: 'console' },
  { path: 'pipe', type: 'fifo', mode: 0o622, time: [1_300_000_000, 0] },
  { path: 'ünïcödé', type: 'file', content: 'latin1, in truth' },
  { path: Buffer.from('ünïcödé').toString('latin1'), type: 'file', content: 'UTF-8' },
  { path: strange, type: 'directory' },
  { path: `${strange}/${strange}`, type: 'file', content: 'bytes' },
  { path: long, type: 'directory' },
  { path: `${long}/${long}`, type: 'file', content: 'long' },
  { path: `${long}/${'h'.repeat(200)}`, type: 'hardlink', link: `${long}/${long}` },
  { path: `${long}/far`, type: 'symlink', link: `${long}/${long}` },
  { path: ' -leading and trailing ', type: 'file' },
  { path: 'sparse', type: 'file', content: 'in the middle', at: 70_000, size: 200_000 },
  { path: 'sparse end', type: 'file', content: 'at its end', at: 99_990, size: 100_000 },
  { path: 'hole', type: 'file', size: 1_000_000 },
  { path: 'large', type: 'file', content: Buffer.alloc(3_000_001, 'large') },
];

export const everyKind: readonly FileSpec[] = files.map(complete);

function complete(file: FileSpec): FileSpec {
  if (file.type === 'hardlink') return file;
  return { time: [1_234_567_890, 987_654_321], mode: file.type === 'directory' ? 0o755 : 0o644, ...file };
}
