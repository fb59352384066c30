import { CgroupError } from '../cgroup-error.ts';
import type { Controller } from '../controller.ts';
import type { CheckedMemory } from '../controllers/memory.ts';
import { setting } from '../setting.ts';

/**
 * What protects and what only slows down before what kills: `max` is the one that acts at once on what is in use.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
 */
export const memorySettings: Controller<CheckedMemory> = (limits, { path }) => {
  refuseThoseOfV1(limits, path);
  return [
    ...setting('memory.min', limits.min),
    ...setting('memory.low', limits.low),
    ...setting('memory.oom.group', asNumber(limits.oomGroup)),
    ...setting('memory.zswap.writeback', asNumber(limits.zswapWriteback)),
    ...setting('memory.zswap.max', limits.zswap),
    ...setting('memory.high', limits.high),
    ...setting('memory.swap.high', limits.swapHigh),
    ...setting('memory.swap.max', limits.swap),
    ...setting('memory.max', limits.max),
  ];
};

function asNumber(flag: boolean | undefined): number | undefined {
  return flag === undefined ? undefined : Number(flag);
}

function refuseThoseOfV1({ swappiness, oomKiller }: CheckedMemory, path: string): void {
  if (swappiness !== undefined)
    throw refused(
      'memory.swappiness',
      swappiness,
      'swap: 0 forbids it, and vm.swappiness is for the whole machine',
      path,
    );
  if (oomKiller === false)
    throw refused('memory.oom_control', oomKiller, 'memory.high slows processes down instead of killing one', path);
}

function refused(file: string, value: number | boolean, instead: string, path: string): CgroupError {
  const message = `cannot set ${file} of ${path} to ${value}: only cgroup v1 has it; ${instead}`;
  return new CgroupError('CONTROLLER_UNAVAILABLE', message, { path, file, value: `${value}` });
}
