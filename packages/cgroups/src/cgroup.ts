import type { Step } from '@estiba/syscalls';
import { CgroupError } from './cgroup-error.ts';
import { checkName, checkPath, checkPathBelow, DEFAULT_FOLDER } from './cgroup-path.ts';
import { checkLimits } from './checked-limits.ts';
import { createPlaces } from './create.ts';
import { isDirectory } from './directories.ts';
import { setFrozen } from './freeze.ts';
import { currentHost } from './host.ts';
import { joinSteps } from './join.ts';
import { killAll } from './kill.ts';
import type { Limits } from './limits.ts';
import { countOomKills, measure } from './measure.ts';
import { deepestPath, pathIn, readMemberships } from './membership.ts';
import { type Place, placeIn } from './place.ts';
import { moveProcess, processesIn } from './processes.ts';
import { refusal } from './refusal.ts';
import { removeAll, tryRemove } from './remove.ts';
import { setLimits } from './set.ts';
import type { Stat } from './stat.ts';
import type { WaitOptions } from './until.ts';

export interface CreateOptions {
  /** The cgroup below which the new one must lie; `/estiba`. To work without root, `await cgroupFolder()`. */
  folder?: string;
}

/**
 * One cgroup: processes that share limits. The same object whether the host has cgroup v1, v2, or both.
 *
 * Paths are relative to the root of the hierarchy: `/estiba/web` is `/sys/fs/cgroup/estiba/web` on most v2 hosts. Making,
 * changing, freezing and killing need root, or a folder that was delegated to the user. Every method may throw a
 * CgroupError `CGROUP_GONE` (it has been removed) or `CGROUP_DENIED` (no right to write). cgroups(7)
 */
export class Cgroup implements AsyncDisposable {
  readonly path: string;
  #places: readonly Place[];

  private constructor(path: string, places: readonly Place[]) {
    this.path = path;
    this.#places = places;
  }

  /**
   * Make a cgroup, and the missing ones above it. Its limits are in force before a process can be in it.
   *
   * @throws CgroupError `PATH_INVALID`, `LIMIT_INVALID`, `CGROUP_EXISTS`, `CONTROLLER_UNAVAILABLE`, `CGROUP_BUSY` (v2: the
   *   parent has processes of its own)
   */
  static async create(path: string, limits: Limits = {}, options: CreateOptions = {}): Promise<Cgroup> {
    checkPathBelow(options.folder ?? DEFAULT_FOLDER, path);
    return new Cgroup(path, createPlaces(currentHost(), path, checkLimits(limits, path)));
  }

  /** A cgroup that exists, whoever made it. */
  static async open(path: string): Promise<Cgroup> {
    checkPath(path);
    const places = currentHost().hierarchies.map((hierarchy) => placeIn(hierarchy, path));
    const there = places.filter(({ directory }) => isDirectory(directory));
    if (there.length === 0) throw gone(path);
    return new Cgroup(path, there);
  }

  /** The cgroup that a process is in: on v1 the deepest, in the hierarchies that agree on it. */
  static async of(pid: number | 'self'): Promise<Cgroup> {
    const host = currentHost();
    const memberships = readMemberships(pid);
    const path = deepestPath(host, memberships);
    const agreeing = host.hierarchies.filter((hierarchy) => pathIn(hierarchy, memberships) === path);
    return new Cgroup(
      path,
      agreeing.map((hierarchy) => placeIn(hierarchy, path)),
    );
  }

  /** Make a cgroup inside this one. v2: this one must have no processes of its own. Throws like `create`. */
  async child(name: string, limits: Limits = {}): Promise<Cgroup> {
    const path = this.path === '/' ? `/${name}` : `${this.path}/${name}`;
    checkName(name, path);
    // Made anew on the way, it would be a cgroup without its limits.
    if (!this.#exists()) throw gone(this.path);
    return Cgroup.create(path, limits, { folder: this.path });
  }

  /**
   * Steps that put a launched process into this cgroup. They come first, so that all it does is limited: after a new pid
   * namespace has been entered it is too late on v2, and `launch` throws a TypeError.
   */
  join(): Step[] {
    return joinSteps(this.#places, this.path);
  }

  /** Move a running process, with all its threads, into this cgroup. Throws `PROCESS_GONE`. */
  async add(pid: number): Promise<void> {
    moveProcess(pid, this.#places, this.path);
  }

  /** Change limits; what is left out stays as it is. Throws `LIMIT_INVALID`, `CGROUP_BUSY` (v1: more is in use). */
  async set(limits: Limits): Promise<void> {
    this.#places = setLimits(currentHost(), this.#placesTo('limit'), this.path, checkLimits(limits, this.path));
  }

  async stat(): Promise<Stat> {
    return this.#read(() => measure(this.#places));
  }

  /** How many processes the kernel has killed here for lack of memory: `stat().memory.oomKills`, but cheaper. */
  async oomKills(): Promise<number> {
    return this.#read(() => countOomKills(this.#places));
  }

  /** The processes in it, as numbers of this pid namespace. */
  async pids(options: { recursive?: boolean } = {}): Promise<number[]> {
    if (!this.#exists()) throw gone(this.path);
    return this.#read(() => processesIn(this.#places, options));
  }

  /** Stop every process, here and below, until `thaw`. Throws `CGROUP_BUSY` when one does not stop within 5 s. */
  async freeze(options: { signal?: AbortSignal } = {}): Promise<void> {
    await setFrozen(true, this.#placesTo('freeze'), this.path, options.signal);
  }

  async thaw(options: { signal?: AbortSignal } = {}): Promise<void> {
    await setFrozen(false, this.#placesTo('thaw'), this.path, options.signal);
  }

  /** Kill every process, here and below, frozen or not, and wait until they are gone. Throws `CGROUP_BUSY` after 5 s. */
  async kill(options: WaitOptions = {}): Promise<void> {
    await killAll(this.#placesTo('kill'), this.path, options);
  }

  /** Remove the cgroup and those below it; gone already is fine. Throws `CGROUP_BUSY`, with `pids`, after 1 s. */
  async remove(options: WaitOptions = {}): Promise<void> {
    await removeAll(this.#placesTo('remove'), this.path, options);
  }

  /** Kill what is left inside, and remove. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (tryRemove(this.#placesTo('remove'), this.path)) return;
    await this.kill();
    await this.remove();
  }

  #exists(): boolean {
    return this.#places.some(({ directory }) => isDirectory(directory));
  }

  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      const file = `${this.#places[0]?.directory}/cgroup.procs`;
      throw refusal(cause, { attempt: `read the state of ${this.path}`, path: this.path, file });
    }
  }

  /** The root holds every process of the machine. */
  #placesTo(verb: string): readonly Place[] {
    if (this.path !== '/') return this.#places;
    const message = `cannot ${verb} /: the root holds every process; use a cgroup below it`;
    throw new CgroupError('PATH_INVALID', message, { path: '/' });
  }
}

function gone(path: string): CgroupError {
  return new CgroupError('CGROUP_GONE', `cannot find cgroup ${path}: it is in no hierarchy; create() it`, { path });
}
