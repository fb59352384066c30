import { expect, it } from 'vitest';
import { openedPair, opensDescriptor } from '../src/descriptors.ts';
import { fsopen, open, openTree, out, syscall } from '../src/index.ts';

it.each([
  open('/'),
  openTree('/'),
  fsopen('proc'),
  syscall('pidfd_open', 1, 0),
  syscall('memfd_create', 'x', 0),
  syscall('socket', 1, 1, 0),
  syscall('fcntl', 3, 1030, 3),
  syscall('ioctl', 3, 0xb702),
  syscall('ioctl', 3, 0x5441, 2),
])('$name opens a descriptor', (call) => {
  expect(opensDescriptor(call)).toBe(true);
});

it.each([syscall('getpid'), syscall('fcntl', 3, 1, 0), syscall('ioctl', 3, 0xb703), syscall('read', 0, out(1), 1)])(
  '$name opens none',
  (call) => {
    expect(opensDescriptor(call)).toBe(false);
  },
);

it('pipes and pairs of sockets are where their call says', () => {
  const ends = out(8);
  expect(openedPair(syscall('pipe2', ends, 0))).toBe(ends);
  expect(openedPair(syscall('socketpair', 1, 1, 0, ends))).toBe(ends);
  expect(openedPair(syscall('read', 0, ends, 8))).toBeUndefined();
});
