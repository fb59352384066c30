import { CgroupError } from './cgroup-error.ts';
import { makePlace } from './create.ts';
import { isDirectory } from './directories.ts';
import { processesInTheWay } from './inner.ts';
import { moveProcess } from './migration.ts';
import { type Place, placeIn, unifiedPlace } from './place.ts';
import { busy } from './refusal.ts';

/**
 * Moves the processes of a v2 cgroup into one inside it, because only a cgroup without processes of its own can limit what
 * is below it. Undefined on v1, which has no such rule.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#no-internal-process-constraint
 */
export function makeLeaf(places: readonly Place[], leaf: string): Place | undefined {
  const unified = unifiedPlace(places);
  if (unified === undefined) return undefined;
  const there = placeIn(unified.hierarchy, leaf);
  if (!isDirectory(there.directory)) makePlace(unified.hierarchy, leaf, {}, []);
  // Those that are born meanwhile begin where their parents are: after a few rounds all are inside.
  for (let round = 0; round < rounds; round++) {
    const pids = processesInTheWay(unified.directory);
    if (pids.length === 0) return there;
    for (const pid of pids) move(pid, there, leaf);
  }
  const request = { attempt: `make the leaf ${leaf}`, path: leaf, file: `${unified.directory}/cgroup.procs` };
  throw busy(request, processesInTheWay(unified.directory));
}

const rounds = 10;

function move(pid: number, leaf: Place, path: string): void {
  if (pid === 0) throw foreign(path);
  try {
    moveProcess(pid, [leaf], path);
  } catch (error) {
    if (!(error instanceof CgroupError && error.code === 'PROCESS_GONE')) throw error;
  }
}

// Those of other pid namespaces read as 0, which would mean the process that writes.
function foreign(path: string): CgroupError {
  const message = `cannot make the leaf ${path}: a process of another pid namespace is in the cgroup above; move it from there`;
  return new CgroupError('CGROUP_BUSY', message, { path });
}
