import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { execve, launch } from '@estiba/syscalls';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { currentHost } from '../src/host.ts';
import { Cgroup } from '../src/index.ts';
import { parseMemberships, pathIn } from '../src/membership.ts';
import { placeIn } from '../src/place.ts';
import { startInside } from './inside.ts';
import { directories, isV2, place, views } from './views.ts';

const MiB = 1024 ** 2;

for (const [name, view] of views) {
  requires({ on: ['host', 'uml', 'qemu'], cgroup: true })(`a cgroup, ${name}`, () => aCgroup(view));
}

function aCgroup(view: string): void {
  const { create } = place(view);

  test('limits are in force before anybody is inside', async () => {
    await using group = await create({ memory: { max: '64MiB' }, pids: { max: 7 }, cpu: { max: 0.5 } });
    const { memory, pids } = await group.stat();
    expect(memory).toMatchObject({ max: 64 * MiB, oomKills: 0 });
    expect(pids).toMatchObject({ current: 0, max: 7 });
    expect(await group.pids()).toEqual([]);
    const [directory] = directories(group.path).filter((each) =>
      existsSync(`${each}/cpu.${isV2('cpu') ? 'max' : 'cfs_quota_us'}`),
    );
    const file = `${directory}/${isV2('cpu') ? 'cpu.max' : 'cpu.cfs_quota_us'}`;
    expect(readFileSync(file, 'utf8').trim()).toBe(isV2('cpu') ? '50000 100000' : '50000');
  });

  test('without limits everything is counted and nothing is limited', async () => {
    await using group = await create();
    const { memory, cpu, pids } = await group.stat();
    expect(memory.max).toBe(Number.POSITIVE_INFINITY);
    expect(pids.max).toBe(Number.POSITIVE_INFINITY);
    expect(cpu.usageMicros).toBeGreaterThanOrEqual(0);
  });

  test('a launched program is inside before it is executed, in every hierarchy', async () => {
    await using group = await create({ memory: { max: '64MiB' }, cpu: { weight: 50 } });
    await using child = await launch([group.join(), execve('/bin/cat', ['cat', '/proc/self/cgroup'])], {
      stdio: 'pipe',
    });
    const memberships = parseMemberships(child.stdout === null ? '' : await text(child.stdout));
    expect(await child.wait()).toMatchObject({ exitCode: 0 });
    const joined = currentHost().hierarchies.filter((hierarchy) => pathIn(hierarchy, memberships) === group.path);
    expect(joined.map((hierarchy) => placeIn(hierarchy, group.path).directory)).toEqual(directories(group.path));
    expect(joined.length).toBe(group.join().length);
  });

  test('a cgroup is made once', async () => {
    await using group = await create();
    const again = Cgroup.create(group.path, {}, { folder: dirname(group.path) });
    await expect(again).rejects.toMatchObject({ code: 'CGROUP_EXISTS', path: group.path });
    expect(directories(group.path).length).toBeGreaterThan(0);
  });

  test('a limit that the kernel refuses leaves nothing behind', async () => {
    const parent = await create({ cpu: { max: 0.5 } });
    const sleeper = await startInside(parent, 'sleep', '60');
    const path = `${parent.path}/deep/inner`;
    // v1: more than the parent has; v2: the parent has processes of its own.
    const refused = Cgroup.create(path, { memory: { max: '32MiB' }, cpu: { max: 0.8 } }, { folder: parent.path });
    const code = isV2('cpu') ? 'CGROUP_BUSY' : 'LIMIT_INVALID';
    await expect(refused).rejects.toMatchObject({ code, path, file: expect.any(String) });
    expect(directories(`${parent.path}/deep`)).toEqual([]);
    await parent.kill();
    await sleeper.ended;
    await parent.remove();
  });

  test('a process is found in its cgroup, and can be asked for by its number', async () => {
    await using group = await create();
    const sleeper = await startInside(group, 'sleep', '60');
    const found = await Cgroup.of(sleeper.pid);
    expect(found.path).toBe(group.path);
    expect(await found.pids()).toEqual([sleeper.pid]);
  });

  test('a control file is no cgroup', async () => {
    await using group = await create();
    await expect(Cgroup.open(`${group.path}/cgroup.procs`)).rejects.toMatchObject({ code: 'CGROUP_GONE' });
    const below = { folder: group.path };
    const inFile = Cgroup.create(`${group.path}/cgroup.procs/x`, {}, below);
    await expect(inFile).rejects.toMatchObject({ code: 'PATH_INVALID', file: expect.any(String) });
    const tooLong = Cgroup.create(group.path + `/${'x'.repeat(250)}`.repeat(17), {}, below);
    await expect(tooLong).rejects.toMatchObject({ code: 'PATH_INVALID', file: expect.any(String) });
    expect(await group.pids()).toEqual([]);
  });

  test('a number that means this process, or none, moves nobody', async () => {
    await using group = await create();
    for (const pid of [0, -1, 1.5, Number.NaN]) await expect(group.add(pid)).rejects.toThrow(TypeError);
    expect(await group.pids()).toEqual([]);
  });

  test('a process that is gone says so', async () => {
    await using group = await create();
    await expect(group.add(2 ** 22 + 1)).rejects.toMatchObject({ code: 'PROCESS_GONE' });
    await expect(Cgroup.of(2 ** 22 + 1)).rejects.toMatchObject({ code: 'PROCESS_GONE' });
  });

  test('a cgroup with processes of its own limits children on v1 only', async () => {
    await using group = await create();
    await startInside(group, 'sleep', '60');
    const child = group.child('inner', { memory: { max: '32MiB' } });
    if (isV2('memory')) await expect(child).rejects.toMatchObject({ code: 'CGROUP_BUSY' });
    else expect((await (await child).stat()).memory.max).toBe(32 * MiB);
  });

  test('the root is left alone', async () => {
    const root = await Cgroup.open('/');
    await expect(root.kill()).rejects.toMatchObject({ code: 'PATH_INVALID' });
    await expect(root.remove()).rejects.toMatchObject({ code: 'PATH_INVALID' });
    await expect(root.freeze()).rejects.toMatchObject({ code: 'PATH_INVALID' });
    await expect(root.set({ pids: { max: 1 } })).rejects.toMatchObject({ code: 'PATH_INVALID' });
  });
}
