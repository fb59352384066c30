import { parseNumber, readControl } from '../control-file.ts';
import type { Controller } from '../controller.ts';
import type { MiscLimits, MiscStat } from '../controllers/misc.ts';
import { ifThere } from '../missing-file.ts';
import { setting } from '../setting.ts';

/** One resource in each write. https://docs.kernel.org/admin-guide/cgroup-v2.html#misc-interface-files */
export const miscSettings: Controller<MiscLimits> = ({ max }) =>
  Object.entries(max).flatMap(([resource, amount]) => setting('misc.max', `${resource} ${amount}`));

export function readMisc(directory: string): MiscStat {
  const peak = ifThere(undefined, () => readResources(directory, 'misc.peak'));
  const localEvents = ifThere(undefined, () => readResources(directory, 'misc.events.local'));
  return {
    current: readResources(directory, 'misc.current'),
    ...(peak === undefined ? {} : { peak }),
    max: readResources(directory, 'misc.max'),
    events: readResources(directory, 'misc.events'),
    ...(localEvents && { localEvents }),
  };
}

function readResources(directory: string, file: string): Record<string, number> {
  const lines = readControl(directory, file).split('\n');
  return Object.fromEntries(
    lines
      .filter((line) => line !== '')
      .map((line) => {
        const [resource = '', amount = ''] = line.split(' ');
        return [resource, parseNumber(amount)];
      }),
  );
}
