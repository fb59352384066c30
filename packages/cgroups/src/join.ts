import { beginInCgroup, close, label, open, type Step, syscall } from '@estiba/syscalls';
import type { Place } from './place.ts';

/**
 * Steps that put the launched process into each directory of a cgroup, and take no lock that others hold for long. To
 * move a whole process the kernel stops every fork and exit on the machine, for which it waits 10 ms and more unless
 * somebody has just done the same. A thread that moves itself needs no such thing, and the launcher has only one: on v1
 * it writes "0" to `tasks`. On v2 the process that follows begins there. cgroups(7); cgroup_procs_write_start() in the
 * kernel's kernel/cgroup/cgroup.c
 */
export function joinSteps(places: readonly Place[], path: string): Step[] {
  // The process that begins in the v2 directory inherits the others.
  return [...places].sort((a, b) => a.hierarchy.version - b.hierarchy.version).map((place) => joinStep(place, path));
}

function joinStep({ directory, hierarchy }: Place, path: string): Step {
  if (hierarchy.version === 2) {
    const place = open(directory, ['path', 'directory']);
    return label(`join cgroup ${path} (v2)`, [place, beginInCgroup(place)]);
  }
  const file = open(`${directory}/tasks`, ['wronly']);
  const where = hierarchy.controllers.join(',') || hierarchy.name;
  return label(`join cgroup ${path} (${where})`, [file, syscall('write', file, ZERO, 1), close(file)]);
}

const ZERO = new TextEncoder().encode('0');
