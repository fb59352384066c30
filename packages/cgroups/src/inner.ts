import { existsSync } from 'node:fs';
import { readWords } from './control-file.ts';

/**
 * The processes that keep a v2 cgroup from limiting what is below it: its own. None for the root, which may have them.
 * The root of a cgroup namespace is `/` too, but an ordinary cgroup: only the real root has no `cgroup.type`. Throws ENOTSUP
 * for a cgroup that is threaded. https://docs.kernel.org/admin-guide/cgroup-v2.html#no-internal-process-constraint
 */
export function processesInTheWay(directory: string): number[] {
  return existsSync(`${directory}/cgroup.type`) ? readWords(directory, 'cgroup.procs').map(Number) : [];
}
