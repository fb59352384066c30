import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { command, launch } from '@estiba/syscalls';
import { machine, requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { Cgroup, type CgroupEventType } from '../src/index.ts';
import './watching.ts';
import { startInside } from './inside.ts';
import { collect, eat, failedForks, failToFork, sum } from './told.ts';
import { directories, isV2, place, views } from './views.ts';

for (const [name, view] of views) {
  requires({ on: ['host', 'uml', 'qemu'], cgroup: ['memory', 'pids'] })(`events, ${name}`, () => events(view));
}

/** User-Mode Linux counts CPU time in ticks of 10 ms: who takes less may not be seen to have taken any. */
const shortest = machine() === 'uml' ? ['sh', '-c', 'i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done'] : ['true'];

function isPopulated({ path }: Cgroup): boolean {
  return directories(path).some((directory) => readFileSync(`${directory}/cgroup.procs`, 'utf8') !== '');
}

function events(view: string): void {
  const { create } = place(view);

  test('a process that is killed for memory is told of, with its count', async () => {
    await using group = await create({ memory: { max: '16MiB', swap: 0 } });
    const told = collect(group, ['oom', 'oom-kill']);
    await eat(group);
    await expect.poll(() => sum(told.events, 'oom-kill'), { timeout: 5_000 }).toBe(1);
    expect(sum(told.events, 'oom')).toBeGreaterThanOrEqual(1);
    expect(told.events.find(({ type }) => type === 'oom-kill')).toEqual({ type: 'oom-kill', count: 1, total: 1 });
    expect(await group.oomKills()).toBe(1);
    await eat(group);
    await expect.poll(() => sum(told.events, 'oom-kill'), { timeout: 5_000 }).toBe(2);
    await told.stop();
  });

  test('what happened before the end is told before the end', async () => {
    for (let round = 0; round < 5; round++) {
      await using group = await create({ memory: { max: '16MiB', swap: 0 } });
      const told: CgroupEventType[] = [];
      const events = group.events({ types: ['oom-kill', 'empty'] });
      const hog = eat(group);
      for await (const { type } of events) {
        told.push(type);
        if (type === 'empty') break;
      }
      await hog;
      expect(told).toEqual(['oom-kill', 'empty']);
    }
  }, 60_000);

  test('nothing is lost between two awaits: the counts add up', async () => {
    await using group = await create({ pids: { max: 1 } });
    const iterator = group.events({ types: ['pids-max'] });
    let told = 0;
    for (const forks of [1, 3, 2]) {
      await failToFork(group, forks);
      // What came while nobody waited may be one event or several.
      for (const failed = failedForks(group); told < failed; ) {
        const { value } = await iterator.next();
        if (value === undefined) throw new Error('it has ended');
        told += value.count;
      }
      expect(told).toBe(failedForks(group));
    }
    expect(told).toBeGreaterThanOrEqual(6);
    await iterator.return?.();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test('the first process, the last, and what is frozen are told of', async () => {
    await using group = await create();
    const types: CgroupEventType[] = ['populated', 'empty', 'frozen', 'thawed'];
    const iterator = group.events({ types });
    const next = async () => (await iterator.next()).value?.type;
    const sleeper = await startInside(group, 'sleep', '60');
    expect(await next()).toBe('populated');
    await group.freeze();
    expect(await next()).toBe('frozen');
    await group.thaw();
    expect(await next()).toBe('thawed');
    await group.kill();
    expect(await next()).toBe('empty');
    await sleeper.ended;
    await iterator.return?.();
  });

  test('who has come and gone before anybody looks is told of, time after time', async () => {
    await using group = await create();
    const iterator = group.events({ types: ['empty'] });
    for (let round = 1; round <= 5; round++) {
      const child = await launch([group.join(), command(shortest)], { stdio: 'ignore' });
      // Nobody looks meanwhile: not even a turn of the loop.
      for (const end = performance.now() + 5_000; isPopulated(group) && performance.now() < end; );
      // Gone from the list, it may still have to leave its processor, which is when its last time is counted.
      for (const end = performance.now() + 20; performance.now() < end; );
      await child.wait();
      expect((await iterator.next()).value).toMatchObject({ type: 'empty', total: round });
    }
    await iterator.return?.();
  });

  test('it ends with the cgroup, and what was told before still arrives', async () => {
    const group = await create({ pids: { max: 1 } });
    const iterator = group.events({ types: ['pids-max', 'populated', 'empty'] });
    await failToFork(group, 1);
    // v1 has to be looked at, which a busy machine does late.
    if (!isV2('pids')) await sleep(1_000);
    await group.remove();
    const types: string[] = [];
    for await (const { type } of iterator) types.push(type);
    expect(types).toContain('pids-max');
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test('removed while somebody waits, it ends at once', async () => {
    const group = await create();
    const waiting = group.events().next();
    await sleep(20);
    await group.remove();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test.each([0, 50])('made again under its name, it is another one, when asked %i ms later', async (delay) => {
    const group = await create();
    const iterator = group.events();
    await group.remove();
    await using again = await Cgroup.create(group.path, {}, { folder: dirname(group.path) });
    // By now v1 has told of the end as if memory had run out.
    await sleep(delay);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    const refused = () => group.events({ types: ['empty'] });
    await again.remove();
    expect(refused).toThrow(expect.objectContaining({ code: 'CGROUP_GONE' }));
  });

  test('made again with the one above it, it is still seen to go', async () => {
    const outer = await create();
    const forgotten = (await outer.child('inner')).events();
    await outer.remove();
    // Nobody asks the first watch any more, which has been told by now.
    await sleep(50);
    const again = await Cgroup.create(outer.path, {}, { folder: dirname(outer.path) });
    const inner = await again.child('inner');
    const waiting = inner.events().next();
    await inner.remove();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await again.remove();
    await forgotten.return?.();
  });

  test('aborting rejects with the reason, before, while and between', async () => {
    await using group = await create();
    const reason = new Error('enough');
    await expect(group.events({ signal: AbortSignal.abort(reason) }).next()).rejects.toBe(reason);
    const controller = new AbortController();
    const iterator = group.events({ signal: controller.signal });
    const between = group.events({ signal: controller.signal });
    const waiting = iterator.next();
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    await expect(between.next()).rejects.toBe(reason);
  });

  test('leaving while a next() is pending answers it', async () => {
    await using group = await create();
    const iterator = group.events();
    const [first, second] = [iterator.next(), iterator.next()];
    await iterator.return?.();
    expect(await Promise.all([first, second])).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
  });

  test('a hundred cgroups are watched at once, and each tells its own', async () => {
    const groups = await Promise.all(Array.from({ length: 100 }, () => create({ memory: { max: '8MiB', swap: 0 } })));
    const told = groups.map((group) => collect(group, ['oom-kill']));
    try {
      const descriptors = readdirSync('/proc/self/fd').length;
      expect(descriptors).toBeLessThan(400);
      const victims = groups.filter((_, index) => index % 33 === 0);
      for (const victim of victims) await eat(victim);
      await expect
        .poll(() => told.map(({ events }) => sum(events, 'oom-kill')), { timeout: 5_000 })
        .toEqual(groups.map((group) => (victims.includes(group) ? 1 : 0)));
    } finally {
      for (const each of told) await each.stop();
      for (const group of groups) await group.remove();
    }
  });

  test('an unknown type, and one that nothing here tells of, are refused by name', async () => {
    await using group = await create({ memory: { max: '64MiB' } });
    const unknown = { types: ['explosion' as CgroupEventType] };
    expect(() => group.events(unknown)).toThrow(expect.objectContaining({ code: 'LIMIT_INVALID', value: 'explosion' }));
    if (isV2('memory')) return;
    expect(() => group.events({ types: ['memory-high'] })).toThrow(
      expect.objectContaining({ code: 'CONTROLLER_UNAVAILABLE' }),
    );
  });
}
