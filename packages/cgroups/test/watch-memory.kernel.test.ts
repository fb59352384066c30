import './watching.ts';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { Cgroup } from '../src/index.ts';
import { startInside } from './inside.ts';
import { isHybrid, place, views } from './views.ts';

const MiB = 1024 ** 2;

for (const [name, view] of views) {
  requires({ on: ['host', 'uml', 'qemu'], cgroup: ['memory'] })(`memory that is watched, ${name}`, () => {
    const { create } = place(view);
    if (isHybrid) ofV1(create);
    else ofV2(create);
  });
}

type Create = ReturnType<typeof place>['create'];

function ofV1(create: Create): void {
  test('usage that passes a threshold is told of, up and down', async () => {
    await using group = await create({ memory: { max: '64MiB', swap: 0 } });
    const iterator = group.watchMemory('8MiB');
    const first = iterator.next();
    const hog = await startInside(group, 'sh', '-c', 'head -c 24M /dev/zero | tail; sleep 60');
    expect((await group.stat()).memory.max).toBe(64 * MiB);
    hog.go();
    expect((await first).value?.count).toBeGreaterThanOrEqual(1);
    await iterator.return?.();
    await group.kill();
    await hog.ended;
  });

  test('one that was made again under its name is another one', async () => {
    const group = await create();
    const iterator = group.watchMemory('8MiB');
    await group.remove();
    await using _ = await Cgroup.create(group.path, {}, { folder: dirname(group.path) });
    await sleep(50);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test('trouble to find memory is told of by its level', async () => {
    await using group = await create({ memory: { max: '16MiB', swap: 0 } });
    const iterator = group.watchReclaim('critical');
    const first = iterator.next();
    const hog = await startInside(group, 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=128M', 'count=1');
    expect((await group.stat()).memory.max).toBe(16 * MiB);
    hog.go();
    expect((await first).value?.count).toBeGreaterThanOrEqual(1);
    expect(await hog.ended).toMatchObject({ signal: 'SIGKILL' });
    await iterator.return?.();
  });

  test('it ends when the cgroup is removed', async () => {
    const group = await create({ memory: { max: '16MiB' } });
    const waiting = [group.watchMemory('8MiB').next(), group.watchReclaim('low').next()];
    await group.remove();
    expect(await Promise.all(waiting)).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
  });

  test('a threshold or level that cannot be meant is refused', async () => {
    await using group = await create({ memory: { max: '16MiB' } });
    const invalid = expect.objectContaining({ code: 'LIMIT_INVALID' });
    expect(() => group.watchMemory('max')).toThrow(invalid);
    expect(() => group.watchMemory(-1)).toThrow(invalid);
    expect(() => group.watchReclaim('some' as 'low')).toThrow(invalid);
  });
}

function ofV2(create: Create): void {
  test('thresholds of v1 are refused, and what to use instead is said', async () => {
    await using group = await create({ memory: { max: '16MiB' } });
    const unavailable = expect.objectContaining({
      code: 'CONTROLLER_UNAVAILABLE',
      message: expect.stringContaining('watchPressure'),
    });
    expect(() => group.watchMemory('8MiB')).toThrow(unavailable);
    expect(() => group.watchReclaim('low')).toThrow(unavailable);
  });
}
