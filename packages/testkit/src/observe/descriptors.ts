import { readdirSync, readlinkSync } from 'node:fs';
import { readOrNothing } from './processes.ts';
import type { Trace } from './trace.ts';

/** The open descriptors of this process; the one that reads the list is closed before the links are looked up. */
export function descriptorTraces(): Trace[] {
  return readdirSync('/proc/self/fd').flatMap((number) => {
    const target = readOrNothing(() => readlinkSync(`/proc/self/fd/${number}`));
    if (target === undefined) return [];
    return [{ key: `${number} ${target}`, text: `descriptor ${number} (${target})`, ours: true }];
  });
}
