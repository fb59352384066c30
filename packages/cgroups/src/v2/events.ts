import { existsSync } from 'node:fs';
import type { CgroupEventType, EventSource } from '../cgroup-event.ts';
import { readKeys } from '../control-file.ts';
import { Flips } from '../flips.ts';
import { ifThere } from '../missing-file.ts';
import { onModified } from '../notices.ts';
import { Occupancy } from '../occupancy.ts';
import type { Place } from '../place.ts';

/** "File modified events": inotify and poll notice each of these. https://docs.kernel.org/admin-guide/cgroup-v2.html#core-interface-files */
export function v2Sources({ directory }: Place): EventSource[] {
  const counters = Object.entries(FILES).map(([file, keys]) => ({ path: `${directory}/${file}`, file, keys }));
  // Those of a controller that is not enabled are missing.
  const there = counters.filter(({ path }) => existsSync(path));
  return [...there.map(({ file, keys }) => counterSource(directory, file, keys)), stateSource(directory)];
}

type Keys = Readonly<Record<string, CgroupEventType>>;

const FILES: Readonly<Record<string, Keys>> = {
  'memory.events': {
    low: 'memory-low',
    high: 'memory-high',
    max: 'memory-max',
    oom: 'oom',
    oom_kill: 'oom-kill',
    oom_group_kill: 'oom-group-kill',
  },
  'memory.swap.events': { high: 'swap-high', max: 'swap-max', fail: 'swap-fail' },
  'pids.events': { max: 'pids-max' },
};

function counterSource(directory: string, file: string, keys: Keys): EventSource {
  return {
    types: Object.values(keys),
    read() {
      const totals = readKeys(directory, file);
      return new Map(Object.entries(keys).map(([key, type]) => [type, totals.get(key) ?? 0]));
    },
    watch: (changed) => onModified(`${directory}/${file}`, changed),
  };
}

function stateSource(directory: string): EventSource {
  const occupancy = new Occupancy();
  const frozen = new Flips('frozen', 'thawed');
  return {
    types: ['populated', 'empty', 'frozen', 'thawed'],
    read() {
      const state = readKeys(directory, 'cgroup.events');
      // Counted in every cgroup, whether its parent has enabled the controller or not.
      const micros = ifThere(Number.NaN, () => readKeys(directory, 'cpu.stat').get('usage_usec') ?? Number.NaN);
      return new Map([
        ...occupancy.see(state.get('populated') === 1, micros),
        ...frozen.see(state.get('frozen') === 1),
      ]);
    },
    watch: (changed) => onModified(`${directory}/cgroup.events`, changed),
  };
}
