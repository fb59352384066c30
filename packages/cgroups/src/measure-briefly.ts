import { readControl, readKeys, readNumber } from './control-file.ts';
import { type Place, placeOf, unifiedPlace } from './place.ts';
import { errnoOf } from './refusal.ts';

/** The four numbers that are looked at again and again, of many cgroups: `measure` reads ten times as much. */
export interface BriefUsage {
  readonly memory: number;
  readonly cpuMicros: number;
  readonly pids: number;
  readonly pressure: number;
}

/** Undefined when the cgroup is gone. */
export function measureBriefly(places: readonly Place[]): BriefUsage | undefined {
  const usage = {
    memory: numberIn(placeOf(places, 'memory'), { v1: 'memory.usage_in_bytes', v2: 'memory.current' }),
    cpuMicros: cpuOf(places),
    pids: numberIn(placeOf(places, 'pids'), { v1: 'pids.current', v2: 'pids.current' }),
    pressure: pressureOf(unifiedPlace(places)),
  };
  return Object.values(usage).every(Number.isNaN) ? undefined : usage;
}

function numberIn(place: Place | undefined, files: { v1: string; v2: string }): number {
  if (place === undefined) return Number.NaN;
  return orNaN(() => readNumber(place.directory, files[`v${place.hierarchy.version}`]));
}

function cpuOf(places: readonly Place[]): number {
  const cpuacct = placeOf(places, 'cpuacct')?.directory;
  if (cpuacct !== undefined) return orNaN(() => readNumber(cpuacct, 'cpuacct.usage') / 1_000);
  const unified = unifiedPlace(places)?.directory;
  return unified === undefined
    ? Number.NaN
    : orNaN(() => readKeys(unified, 'cpu.stat').get('usage_usec') ?? Number.NaN);
}

// "some avg10=0.00 avg60=…": https://docs.kernel.org/accounting/psi.html
function pressureOf(place: Place | undefined): number {
  if (place === undefined) return Number.NaN;
  return orNaN(() => Number(/^some avg10=([\d.]+)/.exec(readControl(place.directory, 'memory.pressure'))?.[1]));
}

/** The root of v2 has fewer files than those below; pressure can be switched off; a cgroup can go at any moment. */
function orNaN(read: () => number): number {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ENODEV', 'EOPNOTSUPP', 'ENOTSUP'].includes(errnoOf(error) ?? '')) return Number.NaN;
    throw error;
  }
}
