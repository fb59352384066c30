import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { currentHost } from '../src/host.ts';
import { Cgroup, type Limits } from '../src/index.ts';
import { placeIn } from '../src/place.ts';
import { directories, isHybrid, isV2, place, views } from './views.ts';

for (const [name, view] of views) {
  requires({ on: ['host', 'uml', 'qemu'], cgroup: true, root: true })(`changing limits, ${name}`, () => changing(view));
}

function changing(view: string): void {
  const { create } = place(view);

  test.each<[string, Limits]>([
    ['memory', { memory: { max: '64MiB' } }],
    ['CPU time', { cpu: { max: 0.5, burst: 1_000 } }],
    ['processes', { pids: { max: 7 } }],
    ['disks, for the first time', { io: { priorityClass: 'idle' } }],
    ['devices', { devices: { deny: ['c 1:7 r'] } }],
  ])('%s of a cgroup that has been removed: it is gone, and stays so', async (_, limits) => {
    const group = await create();
    await group.remove();
    await expect(group.set(limits)).rejects.toMatchObject({ code: 'CGROUP_GONE', path: group.path });
    expect(directories(group.path)).toEqual([]);
  });

  test('what this version cannot do is refused before anything else is written', async () => {
    await using group = await create({ pids: { max: 7 } });
    // v1 has neither; v2 not the second.
    const limits: Limits = isV2('memory') ? { memory: { swappiness: 1 } } : { memory: { high: '64MiB' } };
    await expect(group.set({ pids: { max: 8 }, ...limits })).rejects.toMatchObject({ code: 'CONTROLLER_UNAVAILABLE' });
    expect((await group.stat()).pids.max).toBe(7);
  });

  test('nor is anything else written when that is to be limited for the first time', async () => {
    if (isV2('cpuset')) return;
    await using group = await create({ pids: { max: 7 } });
    const before = directories(group.path);
    const limits: Limits = { pids: { max: 8 }, cpuset: { partition: 'root' } };
    await expect(group.set(limits)).rejects.toMatchObject({ code: 'CONTROLLER_UNAVAILABLE' });
    expect((await group.stat()).pids.max).toBe(7);
    expect(directories(group.path)).toEqual(before);
  });

  test('what limits a cgroup limits those two below it, made in one step', async () => {
    await using group = await create({ cpu: { max: 0.5 }, devices: { deny: ['c 1:7 r'] } });
    const inner = await Cgroup.create(`${group.path}/a/b`, {}, { folder: group.path });
    expect(directories(inner.path).length).toBe(directories(group.path).length);
  });

  test.skipIf(!isHybrid || isV2('pids'))('a cgroup that is not in the v2 tree cannot be limited there', async () => {
    const { unified } = currentHost();
    await using group = await create();
    const pids = currentHost().controllers.get('pids');
    if (pids === undefined || unified === undefined) return expectNoV2(group);
    const path = `${group.path}-alone`;
    mkdirSync(placeIn(pids, path).directory);
    await using alone = await Cgroup.open(path);
    await expect(alone.set({ unified: { 'cgroup.max.depth': '1' } })).rejects.toMatchObject({
      code: 'CONTROLLER_UNAVAILABLE',
      path,
      file: 'unified',
    });
    expect(existsSync(placeIn(unified, path).directory)).toBe(false);
  });

  test('a text in a file of the v2 tree is in force', async () => {
    const { unified } = currentHost();
    await using group = await create();
    if (unified === undefined) return expectNoV2(group);
    await group.set({ unified: { 'cgroup.max.depth': '1' } });
    expect(readFileSync(`${placeIn(unified, group.path).directory}/cgroup.max.depth`, 'utf8')).toBe('1\n');
  });

  test('our folder itself is not limited where those inside need not be', async () => {
    const limited = Cgroup.open('/estiba').then((folder) => folder.set({ cpu: { weight: 100 } }));
    if (isV2('cpu')) await limited;
    else await expect(limited).rejects.toMatchObject({ code: 'CONTROLLER_UNAVAILABLE', path: '/estiba', file: 'cpu' });
  });
}

async function expectNoV2(group: Cgroup): Promise<void> {
  const limited = group.set({ unified: { 'cgroup.max.depth': '1' } });
  await expect(limited).rejects.toMatchObject({ code: 'CONTROLLER_UNAVAILABLE', path: group.path });
}
