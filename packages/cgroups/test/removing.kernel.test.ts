import { setTimeout } from 'node:timers/promises';
import { requires } from '@estiba/testkit';
import { expect, test, vi } from 'vitest';
import { Cgroup, CgroupError } from '../src/index.ts';
import { startInside } from './inside.ts';
import { directories, place, views } from './views.ts';

for (const [name, view] of views) {
  requires({ on: ['host', 'uml', 'qemu'], cgroup: true })(`removing, ${name}`, () => removing(view));
}

function removing(view: string): void {
  const { create } = place(view);

  test('a cgroup with processes is not removed, and the error names them', async () => {
    await using group = await create();
    const sleeper = await startInside(group, 'sleep', '60');
    const error = await group.remove({ timeout: 20 }).catch((caught) => caught);
    expect(error).toBeInstanceOf(CgroupError);
    expect(error).toMatchObject({ code: 'CGROUP_BUSY', pids: [sleeper.pid] });
    expect(await group.pids()).toEqual([sleeper.pid]);
  });

  test('a timeout is for killing and removing together', async () => {
    await using group = await create();
    await startInside(group, 'sleep', '60');
    // One that takes long, and leaves somebody behind.
    using _killing = vi.spyOn(group, 'kill').mockImplementation(() => setTimeout(1_000));
    const begin = performance.now();
    await expect(group.remove({ kill: true, timeout: 1_500 })).rejects.toMatchObject({ code: 'CGROUP_BUSY' });
    expect(performance.now() - begin).toBeLessThan(2_400);
  });

  test('leaving the scope kills and removes, down to the cgroups that the processes made', async () => {
    let path = '';
    {
      await using group = await create({ memory: { max: '64MiB' } });
      path = group.path;
      const below = await (await group.child('a')).child('b');
      const sleeper = await startInside(below, 'sleep', '60');
      sleeper.go();
    }
    expect(directories(path)).toEqual([]);
  });

  test('a cgroup that is gone says so', async () => {
    const group = await create();
    await group.remove();
    await group.remove();
    await expect(group.stat()).rejects.toMatchObject({ code: 'CGROUP_GONE' });
    await expect(group.oomKills()).rejects.toMatchObject({ code: 'CGROUP_GONE' });
    await expect(group.pids()).rejects.toMatchObject({ code: 'CGROUP_GONE' });
    await expect(group.set({ pids: { max: 3 } })).rejects.toMatchObject({ code: 'CGROUP_GONE' });
    await expect(group.freeze()).rejects.toMatchObject({ code: 'CGROUP_GONE' });
    await expect(group.add(process.pid)).rejects.toMatchObject({ code: 'CGROUP_GONE' });
    await expect(group.child('inner')).rejects.toMatchObject({ code: 'CGROUP_GONE' });
    await expect(group.children()).rejects.toMatchObject({ code: 'CGROUP_GONE' });
    await expect(group.walk().next()).rejects.toMatchObject({ code: 'CGROUP_GONE' });
    expect(() => group.join()).toThrow(expect.objectContaining({ code: 'CGROUP_GONE' }));
    await expect(group.makeLeaf()).rejects.toMatchObject({ code: 'CGROUP_GONE' });
    await expect(group.type()).rejects.toMatchObject({ code: 'CGROUP_GONE' });
    expect(directories(group.path)).toEqual([]);
    await expect(Cgroup.open(group.path)).rejects.toMatchObject({ code: 'CGROUP_GONE' });
  });
}
