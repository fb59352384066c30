import { CgroupError } from './cgroup-error.ts';
import type { CheckedLimits, LimitName } from './checked-limits.ts';
import { readControl, readWords } from './control-file.ts';
import { type Place, unifiedPlace } from './place.ts';

/**
 * `threaded`: its threads may belong to processes whose others are elsewhere; `domain threaded`: the root of such a tree;
 * `domain invalid`: inside one, but not made threaded itself, so nobody can be in it.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#threads
 */
export type CgroupType = 'domain' | 'domain threaded' | 'domain invalid' | 'threaded';

/** v1 knows no such thing: every cgroup takes single threads. The real root has no file, and is a domain. */
export function typeOf(places: readonly Place[]): CgroupType {
  const directory = unifiedPlace(places)?.directory;
  if (directory === undefined) return 'domain';
  try {
    return readControl(directory, 'cgroup.type') as CgroupType;
  } catch {
    return 'domain';
  }
}

/** By their thread ids, each once; those of other pid namespaces, which read as 0, are left out. */
export function threadsIn(places: readonly Place[]): number[] {
  const tids = places.flatMap(({ directory, hierarchy }) =>
    readWords(directory, fileOf(hierarchy.version)).map(Number),
  );
  return [...new Set(tids)].filter((tid) => tid > 0).sort((a, b) => a - b);
}

/** Whatever counts for a process as a whole cannot be limited for some of its threads. */
export function checkThreaded(limits: CheckedLimits, path: string): void {
  const wrong = (Object.keys(limits) as LimitName[]).find((name) => !threadedControllers.has(name));
  if (wrong === undefined) return;
  const message = `cannot limit ${wrong} of ${path}: a threaded cgroup has only ${[...threadedControllers].join(', ')}; limit the domain above it`;
  throw new CgroupError('LIMIT_INVALID', message, { path, file: wrong });
}

export const threadedControllers: ReadonlySet<string> = new Set(['cpu', 'cpuset', 'pids', 'perf_event']);

function fileOf(version: 1 | 2): string {
  return version === 2 ? 'cgroup.threads' : 'tasks';
}
