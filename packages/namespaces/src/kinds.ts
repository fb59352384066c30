import type { CloneFlag } from '@estiba/syscalls';

/** The eight kinds of namespaces. namespaces(7) */
export type NamespaceKind = CloneFlag;

/** Their names under /proc/PID/ns. */
export const procNames = {
  user: 'user',
  pid: 'pid',
  mount: 'mnt',
  network: 'net',
  ipc: 'ipc',
  uts: 'uts',
  cgroup: 'cgroup',
  time: 'time',
} as const satisfies Record<NamespaceKind, string>;

export const namespaceKinds = Object.keys(procNames) as NamespaceKind[];

export function requireKind(kind: string): void {
  if (!Object.hasOwn(procNames, kind))
    throw new TypeError(`no such namespace: ${kind} (one of ${namespaceKinds.join(', ')})`);
}
