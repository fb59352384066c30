import { existsSync } from 'node:fs';
import { descendants } from './directories.ts';
import { readPids } from './pids.ts';
import { type Place, placeOf, unifiedPlace } from './place.ts';
import { errnoOf } from './refusal.ts';
import type { CpuStat, MemoryStat, PidsStat, Stat } from './stat.ts';
import { readThrottled } from './v1/cpu.ts';
import { readUsage } from './v1/cpuacct.ts';
import { readMemory as readV1Memory, readOomKills as readV1OomKills } from './v1/memory.ts';
import { readCpu } from './v2/cpu.ts';
import { readMemory, readOomKills } from './v2/memory.ts';

export function measure(places: readonly Place[]): Stat {
  return { memory: measureMemory(places), cpu: measureCpu(places), pids: measurePids(places) };
}

/** One small file, where `measure` reads ten: it is asked after every container. */
export function countOomKills(places: readonly Place[]): number {
  const place = placeOf(places, 'memory');
  if (place === undefined) return Number.NaN;
  const { directory, hierarchy } = place;
  return hierarchy.version === 1 ? addV1OomKills(directory) : orElse(Number.NaN, directory, readOomKills);
}

function measureMemory(places: readonly Place[]): MemoryStat {
  const place = placeOf(places, 'memory');
  if (place === undefined) return NO_MEMORY;
  const { directory, hierarchy } = place;
  if (hierarchy.version === 1) return { ...readV1Memory(directory), oomKills: addV1OomKills(directory) };
  return orElse(NO_MEMORY, directory, readMemory);
}

// v2 counts for the whole tree, v1 for each cgroup alone: a process killed in a cgroup that the container made counts.
function addV1OomKills(directory: string): number {
  return descendants(directory).reduce((sum, each) => sum + orElse(0, each, readV1OomKills), readV1OomKills(directory));
}

// v1 knows throttling in `cpu` and usage in `cpuacct`; the v2 tree knows usage even beside v1.
function measureCpu(places: readonly Place[]): CpuStat {
  const cpu = placeOf(places, 'cpu');
  const usage = measureUsage(places);
  return cpu?.hierarchy.version === 1 ? { ...usage, throttledMicros: readThrottled(cpu.directory) } : usage;
}

function measureUsage(places: readonly Place[]): CpuStat {
  const cpuacct = placeOf(places, 'cpuacct');
  if (cpuacct !== undefined) return { ...NO_CPU, ...readUsage(cpuacct.directory) };
  const unified = unifiedPlace(places);
  return unified === undefined ? NO_CPU : readCpu(unified.directory);
}

function measurePids(places: readonly Place[]): PidsStat {
  const place = placeOf(places, 'pids');
  return place === undefined ? NO_PIDS : orElse(NO_PIDS, place.directory, readPids);
}

// On v2 the files of a controller that the parent did not enable are missing; so are those of a cgroup that is gone.
function orElse<T>(missing: T, directory: string, read: (directory: string) => T): T {
  try {
    return read(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && existsSync(directory)) return missing;
    throw error;
  }
}

const NO_MEMORY = { current: Number.NaN, peak: Number.NaN, max: Number.NaN, oomKills: Number.NaN };
const NO_CPU = {
  usageMicros: Number.NaN,
  userMicros: Number.NaN,
  systemMicros: Number.NaN,
  throttledMicros: Number.NaN,
};
const NO_PIDS = { current: Number.NaN, max: Number.NaN };
