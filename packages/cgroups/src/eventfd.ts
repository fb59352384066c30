import { readSync } from 'node:fs';
import { type Fd, perform, syscall } from '@estiba/syscalls';
import { errnoOf } from './refusal.ts';

/** A descriptor through which the kernel counts. eventfd(2) */
export function openEventfd(): Fd {
  const [EFD_CLOEXEC, EFD_NONBLOCK] = [0o2000000, 0o4000];
  const open = syscall('eventfd2', 0, EFD_CLOEXEC | EFD_NONBLOCK);
  return perform([open], { keep: [open] }).fd(open);
}

/** How often since it was read last. */
export function takeCount(eventfd: Fd): number {
  const count = Buffer.alloc(8);
  try {
    readSync(eventfd.number, count);
  } catch (error) {
    if (errnoOf(error) !== 'EAGAIN') throw error;
  }
  return Number(count.readBigUInt64LE());
}
