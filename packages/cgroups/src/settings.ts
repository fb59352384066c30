import type { CheckedLimits } from './checked-limits.ts';
import { pidsSettings } from './pids.ts';
import type { Place } from './place.ts';
import type { Setting } from './setting.ts';
import { readPeriod, cpuSettings as v1CpuSettings } from './v1/cpu.ts';
import { cpusetSettings as v1CpusetSettings } from './v1/cpuset.ts';
import { type MemoryInForce, readMemoryInForce, memorySettings as v1MemorySettings } from './v1/memory.ts';
import { cpuSettings } from './v2/cpu.ts';
import { cpusetSettings } from './v2/cpuset.ts';
import { memorySettings } from './v2/memory.ts';

/** v1: what is limited already decides about the order in which limits may be changed. */
export interface InForce {
  readonly memory?: MemoryInForce;
  readonly cpuPeriod?: number;
}

/** What a place has to be told: those of the limits whose controller it has. */
export function settingsFor(place: Place, limits: CheckedLimits, path: string, inForce: InForce = {}): Setting[] {
  const { version, controllers } = place.hierarchy;
  const { memory, cpu, pids, cpuset } = limits;
  const has = (controller: string) => controllers.includes(controller);
  return [
    ...(memory && has('memory')
      ? version === 2
        ? memorySettings(memory)
        : v1MemorySettings(memory, path, inForce.memory)
      : []),
    ...(cpu && has('cpu') ? (version === 2 ? cpuSettings(cpu) : v1CpuSettings(cpu, inForce.cpuPeriod)) : []),
    ...(pids && has('pids') ? pidsSettings(pids) : []),
    ...(cpuset && has('cpuset') ? (version === 2 ? cpusetSettings(cpuset) : v1CpusetSettings(cpuset)) : []),
  ];
}

export function readInForce({ hierarchy, directory }: Place, { memory, cpu }: CheckedLimits): InForce {
  const isV1 = (controller: string) => hierarchy.version === 1 && hierarchy.controllers.includes(controller);
  return {
    ...(memory && isV1('memory') && { memory: readMemoryInForce(directory) }),
    ...(cpu && isV1('cpu') && { cpuPeriod: readPeriod(directory) }),
  };
}
