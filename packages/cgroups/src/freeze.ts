import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { CgroupError } from './cgroup-error.ts';
import { readControl, readKeys, writeControl } from './control-file.ts';
import { type Place, placeOf, unifiedPlace } from './place.ts';
import { errnoOf, refusal } from './refusal.ts';
import { until, type WaitOptions } from './until.ts';

/** How a frozen state is asked for and seen. */
interface Freezer {
  directory: string;
  file: string;
  values: { true: string; false: string };
  /** Tells what was asked for here, whatever was asked for above. */
  own: string;
  isFrozen: (directory: string) => boolean;
  /** Where asking once is not enough: what to write when it is not yet frozen, in which round. */
  again?: (round: number) => string;
}

/** Stops everything, or rejects with all of it let go: who could not be stopped now is not to freeze all when it wakes up. */
export async function freeze(places: readonly Place[], path: string, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  try {
    await setFrozen(true, places, path, { signal });
  } catch (error) {
    letGo(places);
    throw error;
  }
}

/** Lets all go on, without waiting for it and without a word: there is another error to tell, or nobody left. */
export function letGo(places: readonly Place[]): void {
  const freezer = freezerOf(places);
  if (freezer === undefined) return;
  try {
    writeControl(freezer.directory, freezer.file, freezer.values.false);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** Stops, or lets go on, everything in the cgroup and below; resolves when the kernel says that it is so. */
export async function setFrozen(frozen: boolean, places: readonly Place[], path: string, options: WaitOptions = {}) {
  const { timeout: patience = TIMEOUT, signal } = options;
  signal?.throwIfAborted();
  const freezer = freezerOf(places);
  if (freezer === undefined) throw noFreezer(path);
  const { directory, file, values } = freezer;
  const value = values[`${frozen}`];
  try {
    writeControl(directory, file, value);
    const holder = frozen ? undefined : frozenAbove(freezer);
    const timeout = holder === undefined ? patience : MOMENT;
    let round = 0;
    const isDone = () => {
      if (frozen && round++ > 0 && freezer.again) writeControl(directory, file, freezer.again(round));
      return freezer.isFrozen(directory) === frozen;
    };
    const done = await until(isDone, { timeout, signal });
    if (!done) throw holder === undefined ? stuck(frozen, path, file, patience) : held(path, holder);
  } catch (cause) {
    const attempt = `${frozen ? 'freeze' : 'thaw'} ${path}: write ${value} to ${directory}/${file}`;
    throw refusal(cause, { attempt, path, file: `${directory}/${file}`, value });
  }
}

const TIMEOUT = 5_000;
/** For what others may be thawing at this very moment. */
const MOMENT = 200;

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
  own: 'cgroup.freeze',
  isFrozen: (directory: string) => readKeys(directory, 'cgroup.events').get('frozen') === 1,
};

// https://docs.kernel.org/admin-guide/cgroup-v1/freezer-subsystem.html
const V1 = {
  file: 'freezer.state',
  values: { true: 'FROZEN', false: 'THAWED' },
  own: 'freezer.self_freezing',
  isFrozen: (directory: string) => readControl(directory, 'freezer.state') === 'FROZEN',
  // Each FROZEN reaches those who have come since. Who waits for what another took into its sleep gets it by a moment's thaw.
  again: (round: number) => (round % THAW_EACH === 0 ? 'THAWED' : 'FROZEN'),
};

const THAW_EACH = 20;

/** The nearest cgroup above that is frozen, and all inside it with it. The root has no such file. */
function frozenAbove({ directory, own }: Freezer): string | undefined {
  for (let above = dirname(directory); existsSync(`${above}/${own}`); above = dirname(above)) {
    if (readControl(above, own) === '1') return above;
  }
  return undefined;
}

function noFreezer(path: string): CgroupError {
  const message = `cannot freeze ${path}: it is in no hierarchy that can; mount cgroup2 or the v1 freezer`;
  return new CgroupError('CONTROLLER_UNAVAILABLE', message, { path });
}

function stuck(frozen: boolean, path: string, file: string, timeout: number): CgroupError {
  const what = frozen ? 'freeze' : 'thaw';
  const message = `cannot ${what} ${path}: ${file} did not follow within ${timeout} ms; a process may wait for a device`;
  return new CgroupError('CGROUP_BUSY', message, { path, file });
}

function held(path: string, above: string): CgroupError {
  const message = `cannot thaw ${path}: ${above} is frozen, and all inside it with it; thaw that one`;
  return new CgroupError('CGROUP_BUSY', message, { path, file: above });
}
