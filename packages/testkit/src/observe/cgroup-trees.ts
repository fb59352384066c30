import { constants, readFileSync } from 'node:fs';
import { mounts } from './mounts.ts';
import { mayAccess, readOrNothing } from './processes.ts';

/** A directory of a cgroup hierarchy: the hierarchy's root, or one of those that lead from it to this process. */
export interface CgroupTree {
  readonly version: 1 | 2;
  readonly directory: string;
  /** Where the hierarchy is mounted. */
  readonly root: string;
}

/** Where cgroups of this process could be: the root of every hierarchy, and what lies between it and this process. */
export function cgroupTrees(): CgroupTree[] {
  const lines = (readOrNothing(() => readFileSync('/proc/self/cgroup', 'utf8')) ?? '').trimEnd().split('\n');
  const hierarchies = mounts().filter(({ type }) => type === 'cgroup' || type === 'cgroup2');
  const trees = hierarchies.flatMap(({ type, target: root }): CgroupTree[] => {
    const version = type === 'cgroup2' ? 2 : 1;
    const own = pathOf(lines, version === 2 ? '' : (root.split('/').at(-1) ?? ''));
    return fromRoot(own).map((path) => ({ version, directory: `${root}${path}`, root }));
  });
  return [...new Map(trees.map((tree) => [tree.directory, tree])).values()];
}

/**
 * Whether this process may make cgroups here that are limited by the controller, and be moved into them: as root, or in
 * a tree that was delegated. https://docs.kernel.org/admin-guide/cgroup-v2.html#delegation
 */
export function offersLimits({ version, directory, root }: CgroupTree, controller: string): boolean {
  if (version === 1) {
    const name = controller === 'io' ? 'blkio' : controller;
    return root.split('/').at(-1)?.split(',').includes(name) === true && isWritable(directory);
  }
  const offered = readOrNothing(() => readFileSync(`${directory}/cgroup.controllers`, 'utf8')) ?? '';
  return (
    offered.split(/\s+/).includes(controller) &&
    ['', '/cgroup.procs', '/cgroup.subtree_control'].every((file) => isWritable(directory + file))
  );
}

// cgroups(7), /proc/PID/cgroup: `4:cpu,cpuacct:/path`, on v2 `0::/path`.
function pathOf(lines: readonly string[], controller: string): string {
  const fields = lines.map((line) => line.split(':'));
  const [, , ...path] = fields.find(([, controllers = '']) => controllers.split(',').includes(controller)) ?? [];
  return path.join(':');
}

/** `/a/b` as ``, `/a`, `/a/b`. */
function fromRoot(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '');
  return ['', ...names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`)];
}

function isWritable(path: string): boolean {
  return mayAccess(path, constants.W_OK);
}
