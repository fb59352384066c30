import { dirname } from 'node:path';
import { CgroupError } from './cgroup-error.ts';
import { readControl, readWords, writeControl } from './control-file.ts';
import { processesInTheWay } from './inner.ts';
import { ifThere } from './missing-file.ts';
import { busy, refusal } from './refusal.ts';

/** Which controllers a v2 cgroup must have (it has limits), and which it may do without (they only count). */
export interface Wanted {
  required: readonly string[];
  counting: readonly string[];
  /** For one that is threaded itself: an ordinary one below those that are would be invalid. */
  threaded?: boolean;
}

/**
 * Makes sure that controllers are there for a child of `parents[last]`: each cgroup above it must enable them, from the
 * top down. Where they are enabled already nothing is written.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#enabling-and-disabling
 */
export function enableControllers(parents: readonly string[], wanted: Wanted, path: string): void {
  const last = parents.at(-1);
  if (last === undefined || isEnabled(last, wanted)) return;
  for (const directory of parents) enableIn(directory, wanted, path);
}

function isEnabled(directory: string, { required, counting }: Wanted): boolean {
  const enabled = readWords(directory, FILE);
  return [...required, ...counting].every((controller) => enabled.includes(controller));
}

function enableIn(directory: string, { required, counting, threaded = false }: Wanted, path: string): void {
  const enabled = readWords(directory, FILE);
  const available = readWords(directory, 'cgroup.controllers');
  const missing = required.filter((controller) => !enabled.includes(controller));
  const unknown = missing.find((controller) => !available.includes(controller));
  if (unknown !== undefined) throw notDelegated(unknown, directory, path);
  enable(directory, missing, path, threaded);
  try {
    enable(
      directory,
      counting.filter((controller) => !enabled.includes(controller) && available.includes(controller)),
      path,
    );
  } catch (error) {
    // Counting is a courtesy: without the right to enable it, the numbers in stat() are NaN.
    if (!(error instanceof CgroupError)) throw error;
  }
}

function enable(directory: string, controllers: readonly string[], path: string, threaded = false): void {
  if (controllers.length === 0) return;
  const value = controllers.map((controller) => `+${controller}`).join(' ');
  const file = `${directory}/${FILE}`;
  const request = { attempt: `enable controllers for ${path}: write '${value}' to ${file}`, path, file, value };
  try {
    // The kernel would take pids and cpu all the same, and make the cgroup threaded, where nothing below it can be used.
    // https://docs.kernel.org/admin-guide/cgroup-v2.html#threads
    const pids = threaded && mayHaveProcesses(directory) ? [] : processesInTheWay(directory);
    if (pids.length > 0) throw busy(request, pids);
    writeControl(directory, FILE, value);
  } catch (cause) {
    throw refusal(cause, request);
  }
}

/** Who has threaded cgroups inside already has made that choice, and cgroup.procs shows all that is in those, too. */
function mayHaveProcesses(directory: string): boolean {
  const type = ifThere('domain', () => readControl(directory, 'cgroup.type'));
  return type === 'domain threaded' || type === 'threaded';
}

const FILE = 'cgroup.subtree_control';

function notDelegated(controller: string, directory: string, path: string): CgroupError {
  const file = `${directory}/cgroup.controllers`;
  // It has there what the one above hands down.
  const command = `echo +${controller} > ${dirname(directory)}/${FILE}`;
  const systemd = `with systemd, Delegate=${controller} for the unit, user@.service for users`;
  const message = `cannot limit ${controller} of ${path}: it is not in ${file}; an administrator adds it: \`${command}\`, or ${systemd}`;
  return new CgroupError('CONTROLLER_UNAVAILABLE', message, { path, file });
}
