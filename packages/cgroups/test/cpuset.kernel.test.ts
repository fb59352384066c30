import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { currentHost } from '../src/host.ts';
import { Cgroup, CgroupError, type Limits } from '../src/index.ts';
import { placeIn } from '../src/place.ts';
import { startInside } from './inside.ts';
import { isV2, mountinfo, place, views } from './views.ts';

for (const [name, view] of views) {
  requires({
    on: ['host', 'qemu'],
    cgroup: ['cpuset'],
    root: true,
    path: '/sys/devices/system/cpu/cpu1',
    command: ['taskset', 'nproc'],
  })(`the CPUs of a cgroup, ${name}`, () => cpuset(view));
}

function cpuset(view: string): void {
  const { create } = place(view);

  test('a process sees and gets the CPUs that it was given, and moves when they change', async () => {
    await using group = await create({ cpuset: { cpus: '0', mems: '0' } });
    expect((await group.stat()).cpuset).toMatchObject({ effectiveCpus: [0], effectiveMems: [0] });
    const counting = await startInside(group, 'sh', '-c', '[ "$(nproc)" = 1 ]');
    counting.go();
    expect(await counting.ended).toMatchObject({ exitCode: 0 });
    const sleeper = await startInside(group, 'sleep', '60');
    expect(affinity(sleeper.pid)).toBe('0');
    await group.set({ cpuset: { cpus: '1' } });
    expect(affinity(sleeper.pid)).toBe('1');
    await group.set({ cpuset: { cpus: '0-1' } });
    expect(affinity(sleeper.pid)).toBe('0,1');
    await group.kill();
  });

  test('the empty list is that of the cgroup above, though not every kernel takes it while processes are inside', async () => {
    await using group = await create({ cpuset: { cpus: '1', mems: '0' } });
    await group.set({ cpuset: { cpus: '', mems: '' } });
    expect((await group.stat()).cpuset).toMatchObject({ effectiveCpus: [0, 1], effectiveMems: [0] });
    await group.set({ cpuset: { cpus: '1' } });
    const sleeper = await startInside(group, 'sleep', '60');
    const answer = await group.set({ cpuset: { cpus: '' } }).catch((error) => error);
    if (answer instanceof CgroupError) {
      expect(isV2('cpuset')).toBe(true);
      expect(answer).toMatchObject({
        code: 'CGROUP_BUSY',
        message: expect.stringContaining('write that of the cgroup above'),
      });
    }
    expect(affinity(sleeper.pid)).toBe(answer === undefined ? '0,1' : '1');
    await group.kill();
  });

  test('CPUs and nodes that the machine or the cgroup above does not have are refused', async () => {
    await using parent = await create({ cpuset: { cpus: '0' } });
    const refused = { code: 'LIMIT_INVALID', file: expect.stringMatching(/\/cpuset\.(cpus|mems)$/) };
    await expect(parent.child('elsewhere', { cpuset: { cpus: '1' } })).rejects.toMatchObject({
      ...refused,
      value: '1',
    });
    await expect(parent.child('nowhere', { cpuset: { cpus: '8000' } })).rejects.toMatchObject(refused);
    await expect(parent.child('no-node', { cpuset: { mems: '900' } })).rejects.toMatchObject(refused);
    const inside = await parent.child('inside', { cpuset: { cpus: '0' } });
    expect((await inside.stat()).cpuset?.effectiveCpus).toEqual([0]);
  });

  test('CPUs that are refused take nothing from those that were given', async () => {
    await using parent = await create({ cpuset: { cpus: '0' } });
    const inside = await parent.child('inside', { cpuset: { cpus: '0' } });
    await expect(inside.set({ cpuset: { cpus: '1' } })).rejects.toMatchObject({ code: 'LIMIT_INVALID', value: '1' });
    await parent.set({ cpuset: { cpus: '0-1' } });
    expect((await inside.stat()).cpuset?.effectiveCpus).toEqual([0]);
  });

  test('v1: a cgroup above that was left empty is filled, so that processes can be in those below', async () => {
    if (isV2('cpuset')) return;
    await using group = await create({ cpuset: {} });
    const home = currentHost().controllers.get('cpuset');
    if (home === undefined) throw new Error('it has no cpuset');
    const left = placeIn(home, `${group.path}/left`).directory;
    mkdirSync(left);
    expect(readFileSync(`${left}/cpuset.cpus`, 'utf8')).toBe('\n');
    const inner = await Cgroup.create(`${group.path}/left/inner`, { cpuset: { cpus: '1' } }, { folder: group.path });
    const sleeper = await startInside(inner, 'sleep', '60');
    expect(affinity(sleeper.pid)).toBe('1');
    await inner.kill();
  });

  test('CPUs that a cgroup below uses are not taken away on v1, and taken away on v2', async () => {
    await using parent = await create({ cpuset: { cpus: '0-1' } });
    const child = await parent.child('inner', { cpuset: { cpus: '1' } });
    const shrunk = parent.set({ cpuset: { cpus: '0' } });
    if (!isV2('cpuset')) {
      return expect(shrunk).rejects.toMatchObject({
        code: 'CGROUP_BUSY',
        message: expect.stringContaining('a cgroup below uses'),
      });
    }
    await shrunk;
    expect((await child.stat()).cpuset?.effectiveCpus).toEqual([0]);
  });

  test('a partition that cannot be one is an error, with the reason of the kernel', async () => {
    await using group = await create({ cpuset: { cpus: '1' } });
    const set = group.set({ cpuset: { partition: 'root' } });
    if (!isV2('cpuset')) return expect(set).rejects.toMatchObject({ code: 'CONTROLLER_UNAVAILABLE', value: 'root' });
    await expect(set).rejects.toMatchObject({
      code: 'LIMIT_INVALID',
      file: expect.stringMatching(/\/cpuset\.cpus\.partition$/),
      value: 'root',
      message: expect.stringMatching(/the kernel answers 'root invalid \(.+\)'/),
    });
    expect((await group.stat()).cpuset?.partition).toBe('member');
    const made = Cgroup.create(`${group.path}-2`, { cpuset: { cpus: '1', partition: 'isolated' } }, { folder: '/' });
    await expect(made).rejects.toMatchObject({ code: 'LIMIT_INVALID', value: 'isolated' });
    await expect(Cgroup.open(`${group.path}-2`)).rejects.toMatchObject({ code: 'CGROUP_GONE' });
  });
}

// CPUs are taken away from everybody else: in a guest only.
requires({ on: ['qemu'], cgroup: ['cpuset'], root: true, path: '/sys/devices/system/cpu/cpu1', command: ['taskset'] })(
  'a cpuset partition',
  () => {
    test.each(['root', 'isolated'] as const)('%s has its CPU alone, until it is a member again', async (partition) => {
      const root = currentHost().unified?.mountPoint ?? '';
      const left = () => readFileSync(`${root}/cpuset.cpus.effective`, 'utf8').trim();
      expect(mountinfo).toContain(' - cgroup2 ');
      expect(left()).toBe('0-1');
      const limits: Limits = { cpuset: { cpus: '1', partition } };
      await using group = await Cgroup.create(`/estiba-partition-${process.pid}`, limits, { folder: '/' });
      expect((await group.stat()).cpuset).toMatchObject({ effectiveCpus: [1], partition });
      expect(left()).toBe('0');
      expect(affinity(process.pid)).toBe('0');
      const inside = await startInside(group, 'sleep', '60');
      expect(affinity(inside.pid)).toBe('1');
      // All of them cannot be taken from the cgroup above: the partition stays what it was.
      await expect(group.set({ cpuset: { cpus: '0-1' } })).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
      expect((await group.stat()).cpuset).toMatchObject({ effectiveCpus: [1], partition });
      expect(left()).toBe('0');
      await group.set({ cpuset: { partition: 'member' } });
      expect(left()).toBe('0-1');
      await group.kill();
    });
  },
);

/** sched_getaffinity(2) */
function affinity(pid: number): string | undefined {
  const text = execFileSync('taskset', ['-cp', String(pid)], { encoding: 'utf8' });
  return /: ([\d,-]+)\n$/.exec(text)?.[1]?.replace('0-1', '0,1');
}
