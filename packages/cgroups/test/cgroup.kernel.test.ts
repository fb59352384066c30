import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { execve, launch } from '@estiba/syscalls';
import { requires, scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { currentHost } from '../src/host.ts';
import { Cgroup, CgroupError } from '../src/index.ts';
import { parseMemberships, pathIn } from '../src/membership.ts';
import { placeIn } from '../src/place.ts';
import { type Inside, startInside } from './inside.ts';
import { directories, isV2, place, views } from './views.ts';

const MiB = 1024 ** 2;

for (const [name, view] of views) {
  requires({ on: ['host', 'uml', 'qemu'], cgroup: true })(`a cgroup, ${name}`, () => everybody(view));
  requires({ on: ['host', 'qemu'], cgroup: ['cpuset'] })(`a cpuset, ${name}`, () => cpuset(view));
  requires({ on: ['host', 'uml', 'qemu'], cgroup: true, root: true })(`a cgroup of root, ${name}`, () => ofRoot(view));
}

function everybody(view: string): void {
  const { create } = place(view);

  test('limits are in force before anybody is inside', async () => {
    await using group = await create({ memory: { max: '64MiB' }, pids: { max: 7 }, cpu: { max: 0.5 } });
    const { memory, pids } = await group.stat();
    expect(memory).toMatchObject({ max: 64 * MiB, oomKills: 0 });
    expect(pids).toEqual({ current: 0, max: 7 });
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
    expect((await group.stat()).pids).toEqual({ current: 1, max: 10 });
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

  // Takes 8 s in a slow guest; fewer would fit in one page, which is what the kernel hands out at once.
  test('a thousand processes are all named', { timeout: 70_000 }, async () => {
    await using group = await create({ pids: { max: 1_100 } });
    await using files = scratch();
    const fifo = files.join('fifo');
    execFileSync('mkfifo', [fifo]);
    // Nobody will write: each waits as the shell that it is, since programs would take four times as long.
    const script = 'i=0; while [ $i -lt 1000 ]; do read never <"$1" & i=$((i+1)); done; wait';
    const crowd = await startInside(group, 'sh', '-c', script, 'sh', fifo);
    crowd.go();
    await expect.poll(async () => (await group.stat()).pids.current, { timeout: 40_000 }).toBe(1_001);
    expect(await group.pids()).toHaveLength(1_001);
    await group.kill({ timeout: 20_000 });
    expect(await crowd.ended).toMatchObject({ signal: 'SIGKILL' });
  });

  test('what was aborted before it began does nothing', async () => {
    await using group = await create();
    const sleeper = await startInside(group, 'sleep', '60');
    const signal = AbortSignal.abort();
    await expect(group.freeze({ signal })).rejects.toBe(signal.reason);
    await expect(group.kill({ signal })).rejects.toBe(signal.reason);
    expect(await group.pids()).toEqual([sleeper.pid]);
    const states = directories(group.path)
      .flatMap((directory) => [`${directory}/cgroup.freeze`, `${directory}/freezer.state`])
      .filter((file) => existsSync(file));
    expect(states.map((file) => readFileSync(file, 'utf8').trim())).toEqual([expect.stringMatching(/^(0|THAWED)$/)]);
  });

  test('frozen processes do nothing, and thawed ones go on', async () => {
    await using group = await create();
    const loop = await startInside(group, 'sh', '-c', 'while :; do :; done');
    loop.go();
    await group.freeze();
    const frozen = (await group.stat()).cpu.usageMicros;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await group.stat()).cpu.usageMicros).toBe(frozen);
    await group.thaw();
    await expect.poll(async () => (await group.stat()).cpu.usageMicros).toBeGreaterThan(frozen);
  });

  test('killing reaches frozen processes, and those in cgroups below', async () => {
    await using group = await create();
    const below = await group.child('inner');
    const sleeper = await startInside(below, 'sleep', '60');
    await below.freeze();
    await group.freeze();
    expect(await group.pids({ recursive: true })).toEqual([sleeper.pid]);
    await group.kill();
    expect(await sleeper.ended).toMatchObject({ signal: 'SIGKILL' });
    expect(await group.pids({ recursive: true })).toEqual([]);
  });

  test('killing spares everybody else', async () => {
    await using group = await create();
    await using other = await create();
    const spared = await startInside(other, 'sleep', '60');
    const victim = await startInside(group, 'sleep', '60');
    await group.kill();
    expect(await victim.ended).toMatchObject({ signal: 'SIGKILL' });
    expect(await other.pids()).toEqual([spared.pid]);
  });

  test('a cgroup with processes is not removed, and the error names them', async () => {
    await using group = await create();
    const sleeper = await startInside(group, 'sleep', '60');
    const error = await group.remove({ timeout: 20 }).catch((caught) => caught);
    expect(error).toBeInstanceOf(CgroupError);
    expect(error).toMatchObject({ code: 'CGROUP_BUSY', pids: [sleeper.pid] });
    expect(await group.pids()).toEqual([sleeper.pid]);
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
    expect(directories(group.path)).toEqual([]);
    await expect(Cgroup.open(group.path)).rejects.toMatchObject({ code: 'CGROUP_GONE' });
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

/** It will want 128 MiB, and begins when it is known that it cannot take more than `max`. */
async function startHog(group: Cgroup, max: number): Promise<Inside> {
  const hog = await startInside(group, 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=128M', 'count=1');
  expect((await group.stat()).memory.max).toBe(max);
  expect(await group.pids()).toEqual([hog.pid]);
  return hog;
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

function ofRoot(view: string): void {
  const { create } = place(view);

  test('an ordinary user is told that it needs root or delegation, and what was refused', async () => {
    await using group = await create();
    const path = `${group.path}-refused`;
    await asUser(async () => {
      await expect(Cgroup.create(path)).rejects.toMatchObject({
        code: 'CGROUP_DENIED',
        path,
        file: expect.any(String),
      });
      await expect(group.set({ pids: { max: 3 } })).rejects.toMatchObject({ code: 'CGROUP_DENIED', value: '3' });
      await expect(group.freeze()).rejects.toMatchObject({ code: 'CGROUP_DENIED' });
      await expect(group.remove()).rejects.toMatchObject({ code: 'CGROUP_DENIED' });
    });
    expect(directories(path)).toEqual([]);
  });

  test('an ordinary user can work in a folder that was delegated', async () => {
    await using delegated = await create({ pids: { max: 20 } });
    for (const directory of directories(delegated.path)) {
      for (const file of ['', '/cgroup.procs', '/cgroup.subtree_control']) {
        if (existsSync(directory + file)) chownSync(directory + file, NOBODY, NOBODY);
      }
    }
    await asUser(async () => {
      const limits = { memory: { max: '64MiB' }, pids: { max: 5 } } as const;
      await using group = await Cgroup.create(`${delegated.path}/mine`, limits, { folder: delegated.path });
      expect(await group.stat()).toMatchObject({ memory: { max: 64 * MiB }, pids: { max: 5 } });
    });
    expect(directories(`${delegated.path}/mine`)).toEqual([]);
  });
}

const NOBODY = 65_534;

async function asUser(work: () => Promise<void>): Promise<void> {
  process.seteuid?.(NOBODY);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}
