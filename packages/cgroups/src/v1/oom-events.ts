import type { EventSource } from '../cgroup-event.ts';
import { presenceOf } from '../notices.ts';
import { poll } from '../polls.ts';
import { type Notices, registerNotices } from './event-control.ts';
import { readOomKills } from './memory-stat.ts';

/**
 * The kernel tells v1 of an allocation that is about to fail, in this cgroup or, with its limit, below; who is killed for
 * it is counted a moment later. Kills by the limit of a cgroup below are seen by looking.
 * https://docs.kernel.org/admin-guide/cgroup-v1/memory.html#oom-control
 */
export function oomSource(directory: string): EventSource {
  let notices: Notices | undefined;
  let ooms = 0;
  const isThere = presenceOf(directory);
  return {
    types: ['oom', 'oom-kill'],
    read() {
      const count = notices?.take() ?? 0;
      // The end of the cgroup is noticed like running out of memory, also when there is another one by now.
      if (isThere()) ooms += count;
      return new Map([
        ['oom', ooms],
        ['oom-kill', readOomKills(directory)],
      ]);
    },
    watch(changed, failed) {
      const later = new Set<NodeJS.Timeout>();
      const ready = () => {
        changed();
        for (const delay of MOMENT) {
          const timer = setTimeout(() => {
            later.delete(timer);
            changed();
          }, delay).unref();
          later.add(timer);
        }
      };
      const noticed = registerNotices(directory, 'memory.oom_control', '', { ready, failed });
      notices = noticed;
      const polled = poll(changed);
      return {
        [Symbol.dispose]() {
          for (const timer of later) clearTimeout(timer);
          polled[Symbol.dispose]();
          noticed[Symbol.dispose]();
        },
      };
    },
  };
}

/** Milliseconds from the notice to the kill; what takes longer is found by looking. */
const MOMENT = [1, 3, 7, 15, 30, 60];
