import { existsSync, readFileSync } from 'node:fs';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { Cgroup } from '../src/index.ts';
import { type Inside, startInside } from './inside.ts';
import { directories, isV2, place, views } from './views.ts';

const MiB = 1024 ** 2;

for (const [name, view] of views) {
  requires({ on: ['host', 'uml', 'qemu'], cgroup: true })(`limits, ${name}`, () => limits(view));
  requires({ on: ['host', 'qemu'], cgroup: ['cpuset'] })(`a cpuset, ${name}`, () => cpuset(view));
}

function limits(view: string): void {
  const { create } = place(view);

  test('a memory hog is killed at its limit, and the cgroup says so', async () => {
    await using group = await create({ memory: { max: '32MiB', swap: 0 } });
    const hog = await startHog(group, 32 * MiB);
    hog.go();
    expect(await hog.ended).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
    expect(await group.oomKills()).toBe(1);
    const { memory } = await group.stat();
    expect(memory.oomKills).toBe(1);
    expect(memory.peak).toBeGreaterThan(16 * MiB);
    expect(memory.peak).toBeLessThanOrEqual(32 * MiB);
  });

  test('the same program lives when its limit is high enough', async () => {
    await using group = await create({ memory: { max: '256MiB', swap: 0 } });
    const hog = await startHog(group, 256 * MiB);
    hog.go();
    expect(await hog.ended).toMatchObject({ exitCode: 0, signal: null });
    expect(await group.oomKills()).toBe(0);
  });

  test('a process killed for memory in a cgroup below counts above', async () => {
    await using group = await create();
    const below = await group.child('inner', { memory: { max: '32MiB', swap: 0 } });
    const hog = await startHog(below, 32 * MiB);
    hog.go();
    expect(await hog.ended).toMatchObject({ signal: 'SIGKILL' });
    expect(await group.oomKills()).toBe(1);
  });

  test('a fork bomb stops at the pid limit', async () => {
    await using group = await create({ pids: { max: 10 } });
    // Bounded: without a limit it would stop at 40, alive, and the exit code would be 0.
    const bomb = await startInside(group, 'sh', '-c', 'i=0; while [ $i -lt 40 ]; do sleep 60 & i=$((i+1)); done');
    expect((await group.stat()).pids).toMatchObject({ current: 1, max: 10 });
    expect(await group.pids()).toEqual([bomb.pid]);
    bomb.go();
    await expect.poll(async () => (await group.pids()).includes(bomb.pid)).toBe(false);
    // The bomb itself counts until its parent has taken note of its end.
    await expect.poll(async () => (await group.stat()).pids.current).toBe(9);
    expect(await group.pids()).toHaveLength(9);
    await group.kill();
    const { exitCode, errors } = await bomb.ended;
    expect(exitCode).not.toBe(0);
    expect(errors).toMatch(/fork/i);
  });

  test('a CPU quota slows a busy loop down', async () => {
    await using group = await create({ cpu: { max: 0.1 } });
    const loop = await startInside(group, 'sh', '-c', 'while :; do :; done');
    const before = await group.stat();
    loop.go();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const after = await group.stat();
    const used = after.cpu.usageMicros - before.cpu.usageMicros;
    // A tenth of a second is due; without the quota it would be up to a whole one.
    expect(used).toBeGreaterThan(1_000);
    expect(used).toBeLessThan(400_000);
    expect(after.cpu.throttledMicros).toBeGreaterThan(before.cpu.throttledMicros);
    await group.kill();
    expect(await loop.ended).toMatchObject({ signal: 'SIGKILL' });
  });

  test('limits can be changed, up and down, and what is not named stays', async () => {
    await using group = await create({ memory: { max: '64MiB', swap: 0 }, pids: { max: 5 } });
    await group.set({ memory: { max: '128MiB' } });
    expect((await group.stat()).memory.max).toBe(128 * MiB);
    await group.set({ memory: { max: '32MiB' } });
    expect((await group.stat()).memory.max).toBe(32 * MiB);
    await group.set({ memory: { max: 'max', swap: 'max' } });
    expect((await group.stat()).memory.max).toBe(Number.POSITIVE_INFINITY);
    expect((await group.stat()).pids.max).toBe(5);
  });

  test('a controller that was not needed at first takes in who is there already', async () => {
    await using group = await create();
    const sleeper = await startInside(group, 'sleep', '60');
    sleeper.go();
    await group.set({ cpu: { max: 0.5 } });
    const quota = isV2('cpu') ? 'cpu.max' : 'cpu.cfs_quota_us';
    const directory = directories(group.path).find((each) => existsSync(`${each}/${quota}`));
    expect(readFileSync(`${directory}/${quota}`, 'utf8')).toMatch(/^50000\b/);
    expect(readFileSync(`${directory}/cgroup.procs`, 'utf8').trim()).toBe(String(sleeper.pid));
    expect(group.join().length).toBe(directories(group.path).length);
  });

  test('a quota can move to another period below a parent that has no more to give', async () => {
    await using parent = await create({ cpu: { max: 0.5 } });
    const group = await parent.child('inner', { cpu: { max: 0.5 } });
    for (const period of [10_000, 1_000_000, 2_000, 100_000]) {
      await group.set({ cpu: { max: { quota: period / 2, period } } });
    }
  });
}

function cpuset(view: string): void {
  const { create } = place(view);

  test('a cpuset keeps a process on its CPUs', async () => {
    await using group = await create({ cpuset: { cpus: '0' } });
    const sleeper = await startInside(group, 'sleep', '60');
    expect(readFileSync(`/proc/${sleeper.pid}/status`, 'utf8')).toMatch(/^Cpus_allowed_list:\t0$/m);
  });

  test('a CPU that is not there is refused, and nothing is left behind', async () => {
    await using parent = await create();
    const limits = { memory: { max: '32MiB' }, cpuset: { cpus: '4000' } } as const;
    const refused = Cgroup.create(`${parent.path}/deep/inner`, limits, { folder: parent.path });
    await expect(refused).rejects.toMatchObject({ code: 'LIMIT_INVALID', value: '4000' });
    expect(directories(`${parent.path}/deep`)).toEqual([]);
  });
}

/** It will want 128 MiB, and begins when it is known that it cannot take more than `max`. */
async function startHog(group: Cgroup, max: number): Promise<Inside> {
  const hog = await startInside(group, 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=128M', 'count=1');
  expect((await group.stat()).memory.max).toBe(max);
  expect(await group.pids()).toEqual([hog.pid]);
  return hog;
}
