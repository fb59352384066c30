import './watching.ts';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { type Cgroup, type PressureEvent, systemPressure, watchSystemPressure } from '../src/index.ts';
import { startInside } from './inside.ts';
import { directories, mountinfo, place } from './views.ts';

/** What anybody may ask for since Linux 6.7. */
const windowMicros = 2_000_000;

requires({ on: ['host', 'qemu'], cgroup: true, root: true, path: '/proc/pressure' })('pressure', () => {
  const { create } = place(mountinfo);

  test('two busy processes on a tenth of a CPU are pressure, and the trigger goes off', async () => {
    await using group = await create({ cpu: { max: 0.1 } });
    const before = await group.pressure('cpu');
    const iterator = watchCpu(group);
    const first = iterator.next();
    const loops = [await busy(group), await busy(group)];
    const { value } = await first;
    expect(value?.count).toBeGreaterThanOrEqual(1);
    expect(value?.some.totalMicros).toBeGreaterThan(before.some.totalMicros);
    expect((await group.pressure('cpu')).some.totalMicros).toBeGreaterThan(before.some.totalMicros + 10_000);
    // It goes off again: a notice does not use up the trigger.
    expect((await iterator.next()).done).not.toBe(true);
    await iterator.return?.();
    await group.kill();
    await Promise.all(loops.map(({ ended }) => ended));
  });

  test('a watch ends when its cgroup is removed', async () => {
    const group = await create();
    const waiting = watchCpu(group).next();
    await group.remove();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test('aborting rejects with the reason', async () => {
    await using group = await create();
    const controller = new AbortController();
    const waiting = watchCpu(group, controller.signal).next();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  test('fifty triggers at once are heard by one process, and closed', async () => {
    const groups = await Promise.all(Array.from({ length: 50 }, () => create()));
    const iterators = groups.map((group) => watchCpu(group));
    const waiting = iterators.map((iterator) => iterator.next());
    await Promise.all(iterators.map((iterator) => iterator.return?.()));
    expect((await Promise.all(waiting)).every(({ done }) => done)).toBe(true);
    for (const group of groups) await group.remove();
  });

  test('where it was turned off for a cgroup, the error says how to turn it on', async () => {
    await using group = await create();
    const unified = directories(group.path).find((directory) => hasSwitch(directory));
    writeFileSync(`${unified}/cgroup.pressure`, '0');
    await expect(group.pressure('memory')).rejects.toMatchObject({
      code: 'CONTROLLER_UNAVAILABLE',
      message: expect.stringContaining('cgroup.pressure'),
    });
  });

  test('without CAP_SYS_RESOURCE the error says what a window has to be', async () => {
    await using group = await create();
    const begin = () => group.watchPressure('io', { kind: 'full', stallMicros: 1_000, windowMicros: 500_000 });
    const CAP_SYS_RESOURCE = 24n;
    const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
    if ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) return void (await begin().return?.());
    expect(begin).toThrow(expect.objectContaining({ message: expect.stringMatching(/EINVAL.*CAP_SYS_RESOURCE/) }));
  });

  test('irq is known in full alone, and the error says so', () => {
    expect(() => watchSystemPressure('irq', { kind: 'some', stallMicros: 1_000, windowMicros })).toThrow(
      expect.objectContaining({ code: 'LIMIT_INVALID', message: expect.stringContaining('irq knows full alone') }),
    );
  });

  test('the whole machine has pressure too', async () => {
    const { some, full } = await systemPressure('memory');
    expect(some.totalMicros).toBeGreaterThanOrEqual(full.totalMicros);
    const iterator = watchSystemPressure('memory', { kind: 'some', stallMicros: 1_900_000, windowMicros });
    const waiting = iterator.next();
    await iterator.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });
});

function watchCpu(group: Cgroup, signal?: AbortSignal): AsyncIterableIterator<PressureEvent> {
  return group.watchPressure('cpu', { kind: 'some', stallMicros: 50_000, windowMicros, signal });
}

async function busy(group: Cgroup) {
  const loop = await startInside(group, 'sh', '-c', 'while :; do :; done');
  loop.go();
  return loop;
}

function hasSwitch(directory: string): boolean {
  return existsSync(`${directory}/cgroup.pressure`);
}
