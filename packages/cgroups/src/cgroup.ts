import type { Step } from '@estiba/syscalls';
import type { Bytes } from './bytes.ts';
import { checkName, checkPath, checkPathBelow, DEFAULT_FOLDER } from './cgroup-path.ts';
import { CgroupReader, gone } from './cgroup-reader.ts';
import { checkLimits } from './checked-limits.ts';
import { createPlaces } from './create.ts';
import { createThreaded } from './create-threaded.ts';
import { parentsOf } from './directories.ts';
import { freeze, setFrozen } from './freeze.ts';
import { currentHost } from './host.ts';
import { joinSteps } from './join.ts';
import { killAll } from './kill.ts';
import { makeLeaf } from './leaf.ts';
import type { Limits } from './limits.ts';
import { deepestPath, pathIn, readMemberships } from './membership.ts';
import { moveProcess, moveThread } from './migration.ts';
import { type ControllerName, withControllers } from './needed-controllers.ts';
import { inOrder, type Place, placeIn } from './place.ts';
import { type ReclaimOptions, reclaimMemory } from './reclaim.ts';
import { removeAll, tryRemove } from './remove.ts';
import { setLimits } from './set.ts';
import { branchAt, branchesOf } from './tree.ts';
import { checkTimeout, timeLeft, type WaitOptions } from './until.ts';

export interface CreateOptions {
  /** The cgroup below which the new one must lie; `/estiba`. To work without root, `await cgroupFolder()`. */
  folder?: string;
  /**
   * Controllers that the cgroup is to have without any limit: `io` to count in `stat()`, `perf_event` to be named to
   * perf(1). A limit brings its own.
   */
  controllers?: readonly ControllerName[];
}

/**
 * One cgroup: processes that share limits. The same object whether the host has cgroup v1, v2, or both.
 *
 * Paths are relative to the root of the hierarchy: `/estiba/web` is `/sys/fs/cgroup/estiba/web` on most v2 hosts. Making,
 * changing, freezing and killing need root, or a folder that was delegated to the user. Every method may throw a
 * CgroupError `CGROUP_GONE` (it has been removed) or `CGROUP_DENIED` (no right to write). cgroups(7)
 */
export class Cgroup extends CgroupReader implements AsyncDisposable {
  private constructor(path: string, places: readonly Place[]) {
    super(path, places);
  }

  /**
   * Make a cgroup, and the missing ones above it. Its limits are in force before a process can be in it.
   *
   * @throws CgroupError `PATH_INVALID`, `LIMIT_INVALID`, `CGROUP_EXISTS`, `CONTROLLER_UNAVAILABLE`, `CGROUP_BUSY` (v2: the
   *   parent has processes of its own)
   */
  static async create(path: string, limits: Limits = {}, options: CreateOptions = {}): Promise<Cgroup> {
    checkPathBelow(options.folder ?? DEFAULT_FOLDER, path);
    const wanted = withControllers(checkLimits(limits, path), options.controllers ?? [], path);
    return new Cgroup(path, createPlaces(currentHost(), path, wanted));
  }

  /** A cgroup that exists, whoever made it. */
  static async open(path: string): Promise<Cgroup> {
    checkPath(path);
    const { places } = branchAt(currentHost(), path);
    if (places.length === 0) throw gone(path);
    return new Cgroup(path, places);
  }

  /** The cgroup that a process is in: on v1 the deepest, in the hierarchies that agree on it. */
  static async of(pid: number | 'self'): Promise<Cgroup> {
    const host = currentHost();
    const memberships = readMemberships(pid);
    const path = deepestPath(host, memberships);
    const agreeing = host.hierarchies.filter((hierarchy) => pathIn(hierarchy, memberships) === path);
    return new Cgroup(path, inOrder(agreeing.map((hierarchy) => placeIn(hierarchy, path))));
  }

  /** Make a cgroup inside this one. v2: this one must have no processes of its own. Throws like `create`. */
  async child(name: string, limits: Limits = {}, options: Omit<CreateOptions, 'folder'> = {}): Promise<Cgroup> {
    const path = pathBelow(this.path, name);
    // Made anew on the way, it would be a cgroup without its limits.
    if (!this.exists()) throw gone(this.path);
    return Cgroup.create(path, limits, { ...options, folder: this.path });
  }

  /**
   * Make a cgroup inside this one that takes single threads (`addThread`), so that the threads of a process differ in CPU
   * time and CPUs; this one may have processes of its own. Limits: cpu, cpuset, pids. On v2 this one and all below become
   * threaded for good: ordinary children with processes are no longer possible. Throws like `create`.
   */
  async threadedChild(name: string, limits: Limits = {}): Promise<Cgroup> {
    const path = pathBelow(this.path, name);
    if (!this.exists()) throw gone(this.path);
    return new Cgroup(path, createThreaded(currentHost(), path, checkLimits(limits, path)));
  }

  /**
   * Move the processes of this cgroup into one inside, so that this one can limit others beside them: on v2 a cgroup that
   * limits those inside has no processes of its own. Resolves to where they are then: on v1, which has no such rule, here.
   */
  async makeLeaf(name = 'leaf'): Promise<Cgroup> {
    const path = pathBelow(this.path, name);
    if (!this.exists()) throw gone(this.path);
    const leaf = makeLeaf(this.placesTo('make a leaf of'), path);
    return leaf === undefined ? this : Cgroup.open(path);
  }

  /** The cgroup that this one is in; undefined for the root. */
  async parent(): Promise<Cgroup | undefined> {
    const path = parentsOf(this.path).at(-1) ?? '/';
    return this.path === '/' ? undefined : Cgroup.open(path);
  }

  /** Those directly inside, by name. */
  async children(): Promise<Cgroup[]> {
    if (!this.exists()) throw gone(this.path);
    return this.#inside();
  }

  /** This one and all below, each before those inside it. */
  async *walk(): AsyncGenerator<Cgroup, void, undefined> {
    if (!this.exists()) throw gone(this.path);
    yield* this.#each();
  }

  /** Those that are removed meanwhile have nothing inside. */
  *#each(): Generator<Cgroup, void, undefined> {
    yield this;
    for (const child of this.#inside()) yield* child.#each();
  }

  #inside(): Cgroup[] {
    const branches = this.read(() => branchesOf({ path: this.path, places: this.places }));
    return branches.map(({ path, places }) => new Cgroup(path, places));
  }

  /**
   * Steps that put a launched process into this cgroup. They come first, so that all it does is limited: after a new pid
   * namespace has been entered it is too late on v2, and `launch` throws a TypeError. If the cgroup is removed before the
   * launch, that rejects with the SyscallError ENOENT of the step.
   */
  join(): Step[] {
    if (!this.exists()) throw gone(this.path);
    return joinSteps(this.placesNow(), this.path);
  }

  /** Move a running process, with all its threads, into this cgroup, or nowhere. Throws `PROCESS_GONE`. */
  async add(pid: number): Promise<void> {
    moveProcess(pid, this.placesNow(), this.path);
  }

  /** Move one thread. v2: within a threaded tree, see `threadedChild`. Throws `PROCESS_GONE`, `CGROUP_DENIED`. */
  async addThread(tid: number): Promise<void> {
    moveThread(tid, this.placesNow(), this.path);
  }

  /**
   * Change limits; what is left out stays as it is. Throws `LIMIT_INVALID`, `CGROUP_BUSY` (v1: more is in use). v1 alone does
   * not see processes of other pid namespaces: a controller that is used here for the first time does not limit those.
   */
  async set(limits: Limits): Promise<void> {
    const checked = checkLimits(limits, this.path);
    const places = this.placesTo('limit');
    this.places = this.read(() => setLimits(currentHost(), places, this.path, checked));
  }

  /**
   * Take memory back, here and below: what could be read again from files is dropped, the rest swapped out where there is
   * swap. Resolves to the bytes by which less is in use, which may be fewer than asked for. v2 with Linux 5.19; v1 can only
   * be asked for `'max'`, everything. https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
   */
  async reclaim(bytes: Bytes, options: ReclaimOptions = {}): Promise<number> {
    return reclaimMemory(this.placesTo('reclaim'), this.path, bytes, options);
  }

  /**
   * Stop every process, here and below, until `thaw`. Throws `CGROUP_BUSY` when one does not stop within 5 s; then, and when
   * `signal` aborts, all go on.
   */
  async freeze(options: { signal?: AbortSignal } = {}): Promise<void> {
    await freeze(this.placesTo('freeze'), this.path, options.signal);
  }

  async thaw(options: { signal?: AbortSignal } = {}): Promise<void> {
    await setFrozen(false, this.placesTo('thaw'), this.path, options);
  }

  /**
   * Kill every process, here and below, frozen or not, and wait until they are gone. Throws `CGROUP_BUSY` after 5 s. Those of
   * another pid namespace take the v2 tree: v1 does not even show them.
   */
  async kill(options: WaitOptions = {}): Promise<void> {
    await killAll(this.placesTo('kill'), this.path, options);
  }

  /**
   * Remove the cgroup and those below it; gone already is fine. Throws `CGROUP_BUSY`, with `pids`, after 1 s; with `kill` it
   * kills what is inside first, for which it has 5 s more. A `timeout` is for both together.
   */
  async remove(options: WaitOptions & { kill?: boolean } = {}): Promise<void> {
    checkTimeout(options.timeout);
    const begin = performance.now();
    if (options.kill && !tryRemove(this.placesTo('remove'), this.path)) await this.kill(options);
    await removeAll(this.placesTo('remove'), this.path, timeLeft(options, begin));
  }

  /** Kill what is left inside, and remove. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove({ kill: true });
  }
}

function pathBelow(path: string, name: string): string {
  const below = path === '/' ? `/${name}` : `${path}/${name}`;
  checkName(name, below);
  return below;
}
