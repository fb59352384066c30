import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { requires, scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { makePlace } from '../src/create.ts';
import { currentHost } from '../src/host.ts';
import type { Cgroup } from '../src/index.ts';
import { type Place, placeIn } from '../src/place.ts';
import { takeAlong } from '../src/take-along.ts';
import { startInside } from './inside.ts';
import { directories, place, views } from './views.ts';

for (const [name, view] of views) {
  requires({ on: ['host'], path: '/sys/fs/cgroup/cpuset/tasks', cgroup: ['cpuset', 'memory'], root: true })(
    `processes that are taken into one more hierarchy, ${name}`,
    () => {
      const { create } = place(view);

      test('are all where they were when one of them cannot come along', async () => {
        await using group = await create();
        await using inner = await group.child('inner');
        await using files = scratch();
        const processes = [await startInside(group, 'sleep', '60'), await startInside(inner, 'sleep', '60')];
        const before = processes.map(({ pid }) => cgroupsOf(pid));
        const from = placesOf(group);
        const made: string[] = [];
        const { controllers } = currentHost();
        const cpuset = makePlace(controllers.get('cpuset') as Place['hierarchy'], group.path, {}, made);
        // A folder, which takes one process here, and has no file for one inside.
        const hierarchy = { version: 1 as const, mountPoint: files.path, root: '/', controllers: [] };
        const folder = placeIn(hierarchy, group.path);
        mkdirSync(folder.directory, { recursive: true });
        writeFileSync(`${folder.directory}/cgroup.procs`, '');
        expect(() => takeAlong({ path: group.path, places: from }, [cpuset, folder], made)).toThrow(
          expect.objectContaining({ message: expect.stringContaining(`${folder.directory}/inner/cgroup.procs`) }),
        );
        expect(processes.map(({ pid }) => cgroupsOf(pid))).toEqual(before);
        // Nobody keeps what was made from being removed.
        for (const directory of made.reverse()) rmdirSync(directory);
        expect(directories(group.path)).toEqual(from.map(({ directory }) => directory));
      });
    },
  );
}

function placesOf(group: Cgroup): Place[] {
  const there = directories(group.path);
  return currentHost()
    .hierarchies.map((hierarchy) => placeIn(hierarchy, group.path))
    .filter(({ directory }) => there.includes(directory));
}

function cgroupsOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cgroup`, 'utf8');
}
