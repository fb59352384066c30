import { close, label, open, type Step, syscall } from '@estiba/syscalls';
import type { Place } from './place.ts';

/** Writes "0", which means the writing process itself, so that no number has to be known. cgroups(7) */
export function joinSteps(places: readonly Place[], path: string): Step[] {
  return places.map(({ directory, hierarchy }) => {
    const { controllers, version, name } = hierarchy;
    const where = version === 2 ? 'v2' : controllers.join(',') || name;
    const file = open(`${directory}/cgroup.procs`, ['wronly']);
    return label(`join cgroup ${path} (${where})`, [file, syscall('write', file, ZERO, 1), close(file)]);
  });
}

const ZERO = new TextEncoder().encode('0');
