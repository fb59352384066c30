import { mkdirSync, writeFileSync } from 'node:fs';
import { scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { folderOf } from '../src/folder.ts';
import type { Host } from '../src/host.ts';
import { parseMemberships } from '../src/membership.ts';

/** Its processes cannot be read: here because there is a directory, which fails like a threaded cgroup. */
const THREADED = 'threaded';
const files = ['cgroup.procs', 'cgroup.subtree_control'];

it.each<[title: string, delegated: Record<string, string>, folder: string | undefined]>([
  ['as root', { '': '1\n', '/user': '', '/user/app': '9\n' }, '/estiba'],
  ['where the cgroup above is delegated', { '/user': '', '/user/app': '9\n' }, '/user/estiba'],
  ['where only the own is delegated', { '/user/app': '9\n' }, '/user/app/estiba'],
  [
    'where the own is delegated and empty, as its processes are below',
    { '/user': '', '/user/app': '' },
    '/user/app/estiba',
  ],
  ['as root of a cgroup namespace, which is a cgroup with processes,', { '/': '1\n', '/user': '' }, '/user/estiba'],
  ['as root of a cgroup namespace that is empty', { '/': '', '/user': '' }, '/estiba'],
  ['as root of a cgroup namespace without any empty cgroup', { '/': '1\n' }, '/estiba'],
  ['where the own is threaded', { '/user': '', '/user/app': THREADED }, '/user/estiba'],
  ['where a cgroup of somebody else is delegated', { '/other': '' }, undefined],
  ['where nothing is delegated', {}, undefined],
])('%s a process has its folder in the nearest cgroup that can have children with limits', (_, delegated, folder) => {
  using tree = scratch('cgroups');
  mkdirSync(tree.join('user/app'), { recursive: true });
  for (const [path, processes] of Object.entries(delegated)) {
    mkdirSync(tree.path + path, { recursive: true });
    // Only the real root has no type.
    for (const file of path === '' ? files : [...files, 'cgroup.type']) {
      const whole = `${tree.path}${path}/${file}`;
      if (file === 'cgroup.procs' && processes === THREADED) mkdirSync(whole);
      else writeFileSync(whole, file === 'cgroup.procs' ? processes : '');
    }
  }
  expect(folderOf(unified(tree.path), parseMemberships('0::/user/app\n'))).toBe(folder);
});

/** A host whose only hierarchy is this directory. What a cgroup lacks cannot be written, whoever runs the tests. */
function unified(mountPoint: string): Host {
  const hierarchy = { version: 2, mountPoint, root: '/', controllers: ['memory', 'pids'] } as const;
  return {
    mode: 'v2',
    hierarchies: [hierarchy],
    unified: hierarchy,
    controllers: new Map(hierarchy.controllers.map((name) => [name, hierarchy])),
  };
}
