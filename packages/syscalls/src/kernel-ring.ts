/** What the kernel wrote about a mount into its ring buffer, as overlayfs does instead of using the log of fsopen(2). */
import { closeSync, constants, openSync, readSync } from 'node:fs';

/** The messages of the last moment that begin with the prefix; nothing where reading is not allowed. kmsg(4) */
export function recentKernelMessages(prefix: string, withinMs = 100): string[] {
  let fd: number;
  try {
    fd = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return [];
  }
  const since = Number(process.hrtime.bigint() / 1000n) - withinMs * 1000;
  const record = Buffer.alloc(8192);
  const found: string[] = [];
  try {
    // One record a read, "priority,sequence,microseconds since boot,…;text", until EAGAIN. Both clocks are CLOCK_MONOTONIC's kin.
    for (;;) {
      const [head = '', text = ''] = record.toString('utf8', 0, readSync(fd, record)).split(';', 2);
      if (Number(head.split(',')[2]) >= since && text.startsWith(prefix)) found.push(text.split('\n')[0]?.trim() ?? '');
    }
  } catch {
    return found;
  } finally {
    closeSync(fd);
  }
}
