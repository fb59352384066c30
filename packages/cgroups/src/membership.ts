import { readFileSync } from 'node:fs';
import { CgroupError } from './cgroup-error.ts';
import type { Host } from './host.ts';
import type { Hierarchy } from './mountinfo.ts';
import { checkPid } from './processes.ts';
import { errnoOf, refusal } from './refusal.ts';

/** A process's cgroup in one hierarchy, as /proc/PID/cgroup tells it. */
export interface Membership {
  /** v1: the controllers, or `name=systemd`; v2: none. */
  readonly controllers: readonly string[];
  readonly path: string;
}

/** cgroups(7), section "/proc files" */
export function parseMemberships(text: string): Membership[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [, controllers = '', ...path] = line.split(':');
    return { controllers: controllers.split(',').filter((name) => name !== ''), path: path.join(':') };
  });
}

export function readMemberships(pid: number | 'self'): Membership[] {
  if (pid !== 'self') checkPid(pid);
  const file = `/proc/${pid}/cgroup`;
  try {
    return parseMemberships(readFileSync(file, 'utf8'));
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') throw noProcess(pid, file, cause);
    throw refusal(cause, { attempt: `find the cgroup of process ${pid}: read ${file}`, path: '/', file });
  }
}

/**
 * Where the process is, below the mount point; undefined when that is not visible here.
 * In a container without a cgroup namespace only a part of the tree is mounted, and the path begins with that part.
 */
export function pathIn(hierarchy: Hierarchy, memberships: readonly Membership[]): string | undefined {
  const path = memberships.find((membership) => isOf(membership, hierarchy))?.path;
  if (path === undefined || path.startsWith('/..')) return undefined;
  if (hierarchy.root === '/') return path;
  if (path === hierarchy.root) return '/';
  return path.startsWith(`${hierarchy.root}/`) ? path.slice(hierarchy.root.length) : undefined;
}

/**
 * The one path that stands for a process. On v1 it may sit in a different cgroup of every hierarchy; the deepest is the
 * one that somebody made for it.
 */
export function deepestPath(host: Host, memberships: readonly Membership[]): string {
  const paths = host.hierarchies.map((hierarchy) => pathIn(hierarchy, memberships) ?? '/');
  return paths.reduce((deepest, path) => (depth(path) > depth(deepest) ? path : deepest), '/');
}

function depth(path: string): number {
  return path === '/' ? 0 : path.split('/').length;
}

function isOf({ controllers }: Membership, { version, controllers: own, name }: Hierarchy): boolean {
  if (version === 2) return controllers.length === 0;
  if (own.length === 0) return controllers.includes(`name=${name}`);
  return own.some((controller) => controllers.includes(controller));
}

function noProcess(pid: number | 'self', file: string, cause: unknown): CgroupError {
  const message = `cannot find the cgroup of process ${pid}: ENOENT on ${file}; there is no such process`;
  return new CgroupError('PROCESS_GONE', message, { path: '/', file, cause });
}
