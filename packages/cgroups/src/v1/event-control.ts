import { Fd } from '@estiba/syscalls';
import { writeControl } from '../control-file.ts';
import { openEventfd, takeCount } from '../eventfd.ts';
import { EPOLLIN, onReady, type Ready } from '../lookout.ts';

/** What the kernel counts in one direction: from a control file into an eventfd. */
export interface Notices extends Disposable {
  /** How many there were since the last time. */
  take(): number;
}

/**
 * To be noticed of what a control file of v1 can tell. When the cgroup is removed the kernel counts once more.
 * https://docs.kernel.org/admin-guide/cgroup-v1/memory.html#thresholds
 */
export function registerNotices(directory: string, file: string, value: string, callbacks: Ready): Notices {
  const eventfd = openEventfd();
  try {
    using control = Fd.open(`${directory}/${file}`);
    writeControl(directory, 'cgroup.event_control', `${eventfd.number} ${control.number} ${value}`.trimEnd());
    const readiness = onReady(eventfd, EPOLLIN, callbacks);
    return {
      take: () => (eventfd.closed ? 0 : takeCount(eventfd)),
      [Symbol.dispose]() {
        readiness[Symbol.dispose]();
        // The kernel takes the registration back with it.
        eventfd.close();
      },
    };
  } catch (error) {
    eventfd.close();
    throw error;
  }
}
