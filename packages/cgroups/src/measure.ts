import { existsSync } from 'node:fs';
import { type MemoryStat, NO_MEMORY } from './controllers/memory-stat.ts';
import type { PidsStat } from './controllers/pids.ts';
import { measureHugetlb } from './hugetlb.ts';
import { measureCpu } from './measure-cpu.ts';
import { measureIo } from './measure-io.ts';
import { offered } from './offered.ts';
import { type Place, placeOf, unifiedPlace } from './place.ts';
import { errnoOf } from './refusal.ts';
import type { Stat, TreeCounters } from './stat.ts';
import { readCpuset as readV1Cpuset } from './v1/cpuset.ts';
import { readMemory as readV1Memory, readOomKills as readV1OomKills } from './v1/memory-stat.ts';
import { readMisc as readV1Misc } from './v1/misc.ts';
import { readRdma as readV1Rdma } from './v1/rdma.ts';
import { readCpuset } from './v2/cpuset.ts';
import { readMemory, readOomKills } from './v2/memory-stat.ts';
import { readMisc } from './v2/misc.ts';
import { readPids } from './v2/pids.ts';
import { readRdma } from './v2/rdma.ts';
import { readTree } from './v2/tree.ts';

export function measure(places: readonly Place[]): Stat {
  const cgroup = measureTree(places);
  return {
    memory: measureMemory(places),
    cpu: measureCpu(places),
    pids: measurePids(places),
    io: measureIo(places),
    ...(cgroup && { cgroup }),
    ...measureHugetlb(places),
    ...offered('cpuset', places, { file: 'cpuset.cpus', v1: readV1Cpuset, v2: readCpuset }),
    ...offered('rdma', places, { file: 'rdma.max', v1: readV1Rdma, v2: readRdma }),
    ...offered('misc', places, { file: 'misc.max', v1: readV1Misc, v2: readMisc }),
  };
}

/** One small file, where `measure` reads ten: it is asked after every container. */
export function countOomKills(places: readonly Place[]): number {
  const place = placeOf(places, 'memory');
  if (place === undefined) return Number.NaN;
  const { directory, hierarchy } = place;
  return orElse(Number.NaN, directory, hierarchy.version === 1 ? readV1OomKills : readOomKills);
}

function measureMemory(places: readonly Place[]): MemoryStat {
  const place = placeOf(places, 'memory');
  if (place === undefined) return NO_MEMORY;
  const { directory, hierarchy } = place;
  return orElse(NO_MEMORY, directory, hierarchy.version === 1 ? readV1Memory : readMemory);
}

function measurePids(places: readonly Place[]): PidsStat {
  const place = placeOf(places, 'pids');
  return place === undefined ? NO_PIDS : orElse(NO_PIDS, place.directory, readPids);
}

function measureTree(places: readonly Place[]): TreeCounters | undefined {
  const unified = unifiedPlace(places);
  return unified && readTree(unified.directory);
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

const NO_PIDS = { current: Number.NaN, peak: Number.NaN, max: Number.NaN, events: {} };
