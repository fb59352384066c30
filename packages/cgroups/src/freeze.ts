import { CgroupError } from './cgroup-error.ts';
import { readControl, readKeys, writeControl } from './control-file.ts';
import { type Place, placeOf, unifiedPlace } from './place.ts';
import { refusal } from './refusal.ts';
import { until } from './until.ts';

/** How a frozen state is asked for and seen. */
interface Freezer {
  directory: string;
  file: string;
  values: { true: string; false: string };
  isFrozen: (directory: string) => boolean;
}

/** Stops, or lets go on, everything in the cgroup and below; resolves when the kernel says that it is so. */
export async function setFrozen(frozen: boolean, places: readonly Place[], path: string, signal?: AbortSignal) {
  signal?.throwIfAborted();
  const freezer = freezerOf(places);
  if (freezer === undefined) throw noFreezer(path);
  const { directory, file, values } = freezer;
  const value = values[`${frozen}`];
  try {
    writeControl(directory, file, value);
    const done = await until(() => freezer.isFrozen(directory) === frozen, { timeout: TIMEOUT, signal });
    if (!done) throw stuck(frozen, path, file);
  } catch (cause) {
    const attempt = `${frozen ? 'freeze' : 'thaw'} ${path}: write ${value} to ${directory}/${file}`;
    throw refusal(cause, { attempt, path, file: `${directory}/${file}`, value });
  }
}

const TIMEOUT = 5_000;

function freezerOf(places: readonly Place[]): Freezer | undefined {
  const unified = unifiedPlace(places);
  if (unified !== undefined) return { ...V2, directory: unified.directory };
  const freezer = placeOf(places, 'freezer');
  return freezer && { ...V1, directory: freezer.directory };
}

// https://docs.kernel.org/admin-guide/cgroup-v2.html#core-interface-files
const V2 = {
  file: 'cgroup.freeze',
  values: { true: '1', false: '0' },
  isFrozen: (directory: string) => readKeys(directory, 'cgroup.events').get('frozen') === 1,
};

// https://docs.kernel.org/admin-guide/cgroup-v1/freezer-subsystem.html
const V1 = {
  file: 'freezer.state',
  values: { true: 'FROZEN', false: 'THAWED' },
  isFrozen: (directory: string) => readControl(directory, 'freezer.state') === 'FROZEN',
};

function noFreezer(path: string): CgroupError {
  const message = `cannot freeze ${path}: it is in no hierarchy that can; mount cgroup2 or the v1 freezer`;
  return new CgroupError('CONTROLLER_UNAVAILABLE', message, { path });
}

function stuck(frozen: boolean, path: string, file: string): CgroupError {
  const what = frozen ? 'freeze' : 'thaw';
  const message = `cannot ${what} ${path}: ${file} did not follow within ${TIMEOUT} ms; a process may wait for a device`;
  return new CgroupError('CGROUP_BUSY', message, { path, file });
}
