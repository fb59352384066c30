import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { Cgroup } from '../src/index.ts';
import { startInside } from './inside.ts';
import { directories, mountinfo, place } from './views.ts';

// With v2 alone: pids and cpu are the controllers that a cgroup with processes can enable, and it is threaded then.
requires({ on: ['uml'], cgroup: true })('threaded cgroups', () => {
  const { create } = place(mountinfo);

  test('a cgroup with processes does not become one, whatever is to be limited below', async () => {
    await using group = await create();
    const sleeper = await startInside(group, 'sleep', '60');
    const limited = group.child('inner', { pids: { max: 3 } });
    await expect(limited).rejects.toMatchObject({ code: 'CGROUP_BUSY', pids: [sleeper.pid] });
    await (await group.child('counted')).remove();
    expect(readFileSync(`${only(group)}/cgroup.type`, 'utf8')).toBe('domain\n');
    expect(readFileSync(`${only(group)}/cgroup.subtree_control`, 'utf8').trim()).toBe('');
  });

  test('what cannot be read or made there is refused in words', async () => {
    await using group = await create();
    mkdirSync(`${only(group)}/threads`);
    writeFileSync(`${only(group)}/threads/cgroup.type`, 'threaded');
    expect(await group.pids({ recursive: true })).toEqual([]);
    const threads = await Cgroup.open(`${group.path}/threads`);
    const denied = { code: 'CGROUP_DENIED', message: expect.stringContaining('is threaded') };
    await expect(threads.pids()).rejects.toMatchObject(denied);
    await expect(threads.child('inner', { pids: { max: 3 } })).rejects.toMatchObject(denied);
  });
});

function only(group: Cgroup): string {
  const [directory = ''] = directories(group.path);
  return directory;
}
