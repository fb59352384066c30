import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { requires, scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import type { Cgroup } from '../src/index.ts';
import { startInside } from './inside.ts';
import { directories, place, views } from './views.ts';

for (const [name, view] of views) {
  requires({ on: ['host', 'uml', 'qemu'], cgroup: true })(`freezing and killing, ${name}`, () => freezing(view));
}

function freezing(view: string): void {
  const { create } = place(view);

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

  test('who is not yet frozen when that is aborted goes on', async () => {
    await using group = await create();
    await startCrowd(group);
    const reason = new Error('enough');
    const aborted = async () => {
      await group.thaw();
      const controller = new AbortController();
      const freezing = group.freeze({ signal: controller.signal });
      controller.abort(reason);
      return freezing.catch((error) => error);
    };
    // All of them may have stopped at the first look, when this process had to wait for a processor before it.
    await expect.poll(aborted, { timeout: 10_000 }).toBe(reason);
    const stopped = (await group.stat()).cpu.usageMicros;
    await expect
      .poll(async () => (await group.stat()).cpu.usageMicros, { timeout: 10_000 })
      .toBeGreaterThan(stopped + 100_000);
    await group.freeze();
  });

  if (!/ - cgroup2 /.test(view)) {
    test('v1 is asked again while it is not yet frozen', async () => {
      await using group = await create();
      await startCrowd(group);
      const [freezer] = directories(group.path).filter((each) => existsSync(`${each}/freezer.state`));
      const disturbed = async () => {
        await group.thaw();
        const freezing = group.freeze();
        writeFileSync(`${freezer}/freezer.state`, 'THAWED');
        await freezing;
        return readFileSync(`${freezer}/freezer.state`, 'utf8');
      };
      await expect.poll(disturbed, { timeout: 10_000 }).toBe('FROZEN\n');
    });
  }

  test('who forks all the time is frozen, each of 20 times', { timeout: 60_000 }, async () => {
    await using group = await create({ pids: { max: 32 } });
    expect((await group.stat()).pids.max).toBe(32);
    // No more than 13 of them.
    const forking = 'while :; do (:) & (:) & wait; done';
    const forks = await startInside(group, 'sh', '-c', `for i in 1 2 3 4; do (${forking}) & done; wait`);
    forks.go();
    await expect.poll(async () => (await group.pids()).length, { timeout: 20_000 }).toBeGreaterThan(4);
    for (let round = 0; round < 20; round++) {
      await group.freeze();
      const before = await group.pids();
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(await group.pids()).toEqual(before);
      await group.thaw();
    }
    const { usageMicros } = (await group.stat()).cpu;
    await expect
      .poll(async () => (await group.stat()).cpu.usageMicros, { timeout: 10_000 })
      .toBeGreaterThan(usageMicros);
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

  test('below one that is frozen, nothing thaws, and the error names that one', async () => {
    await using group = await create();
    const below = await group.child('inner');
    const sleeper = await startInside(below, 'sleep', '60');
    await group.freeze();
    const held = { code: 'CGROUP_BUSY', message: expect.stringMatching(/is frozen, and all inside it.*thaw that one/) };
    const began = performance.now();
    await expect(below.thaw()).rejects.toMatchObject(held);
    expect(performance.now() - began).toBeLessThan(3_000);
    await group.kill();
    expect(await sleeper.ended).toMatchObject({ signal: 'SIGKILL' });
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
}

/** More than can stop between the asking and the first look, as a rule. */
async function startCrowd(group: Cgroup): Promise<void> {
  const crowd = await startInside(group, 'sh', '-c', 'for i in 1 2 3 4 5 6 7; do (while :; do :; done) & done; wait');
  crowd.go();
  await expect.poll(async () => (await group.pids()).length, { timeout: 20_000 }).toBe(8);
}
