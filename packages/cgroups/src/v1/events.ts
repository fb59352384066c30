import type { CgroupEventType, EventSource } from '../cgroup-event.ts';
import { readControl, readKeys, readNumber } from '../control-file.ts';
import { Flips } from '../flips.ts';
import { ifThere } from '../missing-file.ts';
import { Occupancy } from '../occupancy.ts';
import { type Place, placeOf, unifiedPlace } from '../place.ts';
import { poll } from '../polls.ts';
import { processesIn } from '../processes.ts';
import { oomSource } from './oom-events.ts';

/** v1 tells by itself that memory has run out, and nothing else: the rest is looked at ten times a second. */
export function v1Sources(place: Place, places: readonly Place[]): EventSource[] {
  const { directory } = place;
  const has = (controller: string) => placeOf(places, controller) === place;
  return [
    ...(has('memory') ? [oomSource(directory), failureSource(directory)] : []),
    // pids.events is said to notify, but does so no more on v1.
    ...(has('pids')
      ? [polled(['pids-max'], () => [['pids-max', readKeys(directory, 'pids.events').get('max') ?? 0]])]
      : []),
    // Beside v1, the v2 tree knows both states, and tells.
    ...(unifiedPlace(places) === undefined && has('freezer') ? [stateSource(place, places)] : []),
  ];
}

/**
 * How often usage was at the limit: of memory, or of memory and swap together, which is met first where swap is forbidden.
 * https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
 */
function failureSource(directory: string): EventSource {
  return polled(['memory-max'], () => {
    const both = ifThere(0, () => readNumber(directory, 'memory.memsw.failcnt'));
    return [['memory-max', readNumber(directory, 'memory.failcnt') + both]];
  });
}

function stateSource(place: Place, places: readonly Place[]): EventSource {
  const cpuacct = placeOf(places, 'cpuacct')?.directory;
  const micros = () => (cpuacct === undefined ? Number.NaN : readNumber(cpuacct, 'cpuacct.usage') / 1_000);
  const occupancy = new Occupancy();
  const frozen = new Flips('frozen', 'thawed');
  return polled(['populated', 'empty', 'frozen', 'thawed'], () => [
    ...occupancy.see(processesIn([place], { recursive: true }).length > 0, micros()),
    ...frozen.see(readControl(place.directory, 'freezer.state') === 'FROZEN'),
  ]);
}

function polled(types: readonly CgroupEventType[], read: () => [CgroupEventType, number][]): EventSource {
  return { types, read: () => new Map(read()), watch: (changed) => poll(changed) };
}
