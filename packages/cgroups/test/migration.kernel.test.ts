import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { currentHost } from '../src/host.ts';
import { moveProcess } from '../src/migration.ts';
import { type Place, placeIn } from '../src/place.ts';
import { startInside } from './inside.ts';
import { directories, place, views } from './views.ts';

for (const [name, view] of views) {
  requires({ on: ['host'], cgroup: ['memory', 'pids'] })(`a process that is moved, ${name}`, () => {
    const { create } = place(view);

    test('is back where it was, everywhere, when one hierarchy refuses', async () => {
      await using from = await create();
      await using to = await create();
      const { pid } = await startInside(from, 'sleep', '60');
      const before = cgroupsOf(pid);
      expect(before).toContain(from.path);
      const last = directories(to.path).at(-1) as string;
      rmdirSync(last);
      await expect(to.add(pid)).rejects.toMatchObject({
        code: 'CGROUP_GONE',
        message: expect.stringContaining(`cannot move process ${pid} into ${to.path}: write to ${last}/cgroup.procs`),
      });
      expect(cgroupsOf(pid)).toBe(before);
      await expect(to.addThread(pid)).rejects.toMatchObject({ code: 'CGROUP_GONE' });
      expect(cgroupsOf(pid)).toBe(before);
    });

    test('and where there is no way back, the error says where it is', async () => {
      await using to = await create();
      const { pid } = await startInside(to, 'sleep', '60');
      const all = currentHost().hierarchies.map((hierarchy) => placeIn(hierarchy, to.path));
      const [{ directory, hierarchy }] = all.filter((each) => existsSync(each.directory)) as [Place];
      // As if what it was in had been removed.
      const elsewhere = { directory, hierarchy: { ...hierarchy, mountPoint: '/nowhere' } };
      expect(() => moveProcess(pid, [elsewhere, { hierarchy, directory: '/nowhere' }], to.path)).toThrow(
        `cannot move process ${pid} into ${to.path} (it is in ${directory} now): write to /nowhere/cgroup.procs`,
      );
    });
  });
}

function cgroupsOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cgroup`, 'utf8');
}
