import { CgroupError } from './cgroup-error.ts';
import type { CheckedLimits } from './checked-limits.ts';
import type { Host } from './host.ts';
import type { Hierarchy } from './mountinfo.ts';

/** One directory of a cgroup. On v2 a cgroup is one place; on v1 it is one in each hierarchy that is needed. */
export interface Place {
  readonly hierarchy: Hierarchy;
  readonly directory: string;
}

export function placeIn(hierarchy: Hierarchy, path: string): Place {
  return { hierarchy, directory: path === '/' ? hierarchy.mountPoint : hierarchy.mountPoint + path };
}

export function placeOf(places: readonly Place[], controller: string): Place | undefined {
  return places.find(({ hierarchy }) => hierarchy.controllers.includes(controller));
}

/** The v2 place: the only one that can freeze and kill by itself. */
export function unifiedPlace(places: readonly Place[]): Place | undefined {
  return places.find(({ hierarchy }) => hierarchy.version === 2);
}

/**
 * The hierarchies that a cgroup needs, in the order in which a process joins them: first the one that tracks it, so that
 * it can be killed from then on; memory last, so that the least of the joining is charged to the newcomer.
 */
export function neededHierarchies(host: Host, limits: CheckedLimits, path: string): Hierarchy[] {
  const limiting = Object.keys(limits);
  for (const controller of limiting) if (!host.controllers.has(controller)) throw unavailable(controller, host, path);
  const names = ORDER.filter((name) => limiting.includes(name) || countingControllers(host).includes(name));
  const tracking = host.unified ?? host.controllers.get('freezer');
  return [...new Set([tracking, ...names.map((name) => host.controllers.get(name))])].filter(
    (hierarchy) => hierarchy !== undefined,
  );
}

/** Needed even without limits, because `stat()` reads there. The v2 tree counts CPU time without any controller. */
export function countingControllers(host: Host): string[] {
  return host.unified === undefined ? ['cpuacct', 'pids', 'memory'] : ['pids', 'memory'];
}

const ORDER = ['cpuset', 'cpu', 'cpuacct', 'pids', 'memory'];

function unavailable(controller: string, host: Host, path: string): CgroupError {
  const offered = [...host.controllers.keys()].join(' ') || 'none';
  const message = `cannot limit ${controller} of ${path}: this host has no such controller (${host.mode}: ${offered})`;
  return new CgroupError('CONTROLLER_UNAVAILABLE', `${message}; boot with it, or ask for its delegation`, { path });
}
