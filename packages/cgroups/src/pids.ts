import { readNumber } from './control-file.ts';
import type { PidsLimits } from './limits.ts';
import { type Setting, setting } from './setting.ts';
import type { PidsStat } from './stat.ts';

/** The same files on v1 and v2. https://docs.kernel.org/admin-guide/cgroup-v2.html#pid */
export function pidsSettings({ max }: PidsLimits): Setting[] {
  return setting('pids.max', max);
}

export function readPids(directory: string): PidsStat {
  return { current: readNumber(directory, 'pids.current'), max: readNumber(directory, 'pids.max') };
}
