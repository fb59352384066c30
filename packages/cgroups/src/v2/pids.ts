import { readKeys, readNumber } from '../control-file.ts';
import type { Controller } from '../controller.ts';
import type { PidsLimits, PidsStat } from '../controllers/pids.ts';
import { ifThere } from '../missing-file.ts';
import { setting } from '../setting.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#pid-interface-files */
export const pidsSettings: Controller<PidsLimits> = ({ max }) => setting('pids.max', max);

export function readPids(directory: string): PidsStat {
  const localEvents = ifThere(undefined, () => Object.fromEntries(readKeys(directory, 'pids.events.local')));
  return {
    current: readNumber(directory, 'pids.current'),
    peak: ifThere(Number.NaN, () => readNumber(directory, 'pids.peak')),
    max: readNumber(directory, 'pids.max'),
    events: ifThere({}, () => Object.fromEntries(readKeys(directory, 'pids.events'))),
    ...(localEvents && { localEvents }),
  };
}
