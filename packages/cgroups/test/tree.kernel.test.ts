import { readFileSync } from 'node:fs';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { Cgroup } from '../src/index.ts';
import { startInside } from './inside.ts';
import { directories, isV2, place, views } from './views.ts';

for (const [name, view] of views) {
  requires({ on: ['host', 'uml', 'qemu'], cgroup: true })(`the tree of cgroups, ${name}`, () => {
    const { create } = place(view);

    test('is walked from the top down, and up again', async () => {
      await using group = await create();
      for (const path of ['b', 'a', 'a/deep']) {
        const [first = '', second] = path.split('/');
        if (second === undefined) await group.child(first);
        else await (await Cgroup.open(`${group.path}/${first}`)).child(second);
      }
      const paths = [];
      for await (const each of group.walk()) paths.push(each.path.slice(group.path.length));
      expect(paths).toEqual(['', '/a', '/a/deep', '/b']);
      expect((await group.children()).map(({ path }) => path)).toEqual([`${group.path}/a`, `${group.path}/b`]);
      const deep = await Cgroup.open(`${group.path}/a/deep`);
      expect((await deep.parent())?.path).toBe(`${group.path}/a`);
      expect(await (await Cgroup.open('/')).parent()).toBeUndefined();
    });

    test('goes on when a part of it is removed meanwhile', async () => {
      await using group = await create();
      for (const child of ['a', 'b', 'c']) await group.child(child);
      const paths: string[] = [];
      for await (const each of group.walk()) {
        paths.push(each.path.slice(group.path.length));
        if (paths.length === 2) await (await Cgroup.open(`${group.path}/b`)).remove();
      }
      expect(paths[0]).toBe('');
      expect(paths).toContain('/c');
    });

    test('knows below of a controller that was first used above', async () => {
      await using group = await create();
      const child = await group.child('inside');
      await group.set({ cpu: { max: 0.5 } });
      const sleeper = await startInside(child, 'sleep', '60');
      sleeper.go();
      const lines = readFileSync(`/proc/${sleeper.pid}/cgroup`, 'utf8').split('\n');
      const cpu = lines.find(
        (line) => line.startsWith('0::') === isV2('cpu') && (isV2('cpu') || /:cpu[:,]/.test(line)),
      );
      expect(cpu).toMatch(new RegExp(`:${child.path}$`));
      await child.remove({ kill: true });
      expect(directories(child.path)).toEqual([]);
    });

    test('has what a name has in one hierarchy only', async () => {
      await using group = await create();
      await group.child('limited', { cpu: { max: 0.5 } });
      const [limited] = await group.children();
      expect((await limited?.stat())?.cpu.usageMicros).toBeGreaterThanOrEqual(0);
    });
  });
}
