import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import type { Cgroup, CpuLimits } from '../src/index.ts';
import { startInside } from './inside.ts';
import { directories, isV2, place, views } from './views.ts';

for (const [name, view] of views) {
  requires({
    on: ['host', 'uml', 'qemu'],
    cgroup: ['cpu'],
    root: true,
    command: ['taskset', 'perl'],
  })(`the cpu of a cgroup, ${name}`, () => cpu(view));
}

function cpu(view: string): void {
  const { create } = place(view);

  test('a quota is kept to within a tenth, over five seconds', { timeout: 60_000 }, async () => {
    await using group = await create({ cpu: { max: QUOTA } });
    expect((await group.stat()).cpu.max).toBe(QUOTA);
    const loop = await startInside(group, ...LOOP);
    loop.go();
    for (let attempt = 1, least = 0; least < QUOTA * 0.9; attempt++) {
      if (attempt > 3) expect(least).toBeGreaterThanOrEqual(QUOTA * 0.9);
      const { used, throttled, wall } = await over(group, 5_000);
      expect(used / wall).toBeLessThanOrEqual(QUOTA * 1.1);
      // The rest of the time it waited for others on a busy machine, which is not the quota's doing.
      least = used / (used + throttled);
    }
    const { cpu } = await group.stat();
    expect(cpu.stat.nr_throttled).toBeGreaterThan(10);
    expect(cpu.stat.nr_periods).toBeGreaterThanOrEqual(cpu.stat.nr_throttled ?? Number.NaN);
    expect(cpu.stat.throttled_usec).toBe(cpu.throttledMicros);
    expect(cpu.throttledMicros).toBeGreaterThan(1_000_000);
    expect(cpu.stat.usage_usec).toBe(cpu.usageMicros);
    await group.kill();
  });

  test('of two that want one CPU, weights 1:3 give a quarter and three', { timeout: 60_000 }, async () => {
    await using parent = await create();
    const light = await parent.child('light', { cpu: { weight: 100 } });
    const heavy = await parent.child('heavy', { cpu: { weight: 300 } });
    const [less, more] = await contend(light, heavy);
    expect(more / less).toBeGreaterThan(3 * 0.85);
    expect(more / less).toBeLessThan(3 * 1.15);
    await parent.kill();
  });

  test('an idle cgroup runs only when the other does not want the CPU', { timeout: 60_000 }, async () => {
    await using parent = await create();
    const idle = await parent.child('idle', { cpu: { idle: true } });
    const normal = await parent.child('normal', { cpu: { weight: 100 } });
    const [less, more] = await contend(idle, normal);
    expect(less / (less + more)).toBeLessThan(0.1);
    await expect(idle.set({ cpu: { weight: 100 } })).rejects.toMatchObject({
      code: 'LIMIT_INVALID',
      message: expect.stringContaining('an idle cgroup has no weight'),
    });
    await idle.set({ cpu: { idle: false, weight: 100 } });
    // The scheduler makes up for what was weighed otherwise before: not at once.
    let share = 0;
    for (let round = 0; round < 5 && share <= 0.4; round++) {
      const [one, other] = await measured([idle, normal]);
      share = one / (one + other);
    }
    expect(share).toBeGreaterThan(0.4);
    await parent.kill();
  });

  test('a burst spends what was saved in quiet periods', { timeout: 60_000 }, async () => {
    const max = { quota: 20_000, period: 100_000 };
    await using saving = await create({ cpu: { max, burst: 20_000 } });
    await using wasting = await create({ cpu: { max } });
    for (const group of [saving, wasting]) {
      const work = await startInside(group, ...SPURTS);
      work.go();
    }
    await expect.poll(async () => (await saving.stat()).cpu.stat.nr_bursts, { timeout: 20_000 }).toBeGreaterThan(2);
    await expect.poll(async () => (await wasting.stat()).cpu.stat.nr_throttled, { timeout: 20_000 }).toBeGreaterThan(2);
    expect((await saving.stat()).cpu.stat.burst_usec).toBeGreaterThan(0);
    expect((await wasting.stat()).cpu.stat).toMatchObject({ nr_bursts: 0, burst_usec: 0 });
    await saving.kill();
    await wasting.kill();
  });

  test('quota and burst grow and shrink together, though no burst may be above its quota', async () => {
    await using parent = await create({ cpu: { max: 0.5 } });
    const group = await parent.child('inner', { cpu: { max: 0.5, burst: 50_000 } });
    const steps: CpuLimits[] = [
      { max: 0.1, burst: 10_000 },
      { max: 0.5, burst: 50_000 },
      { max: { quota: 2_000, period: 10_000 }, burst: 0 },
      { max: { quota: 400_000, period: 1_000_000 }, burst: 400_000 },
      { max: 'max' },
      { max: 0.5, burst: 50_000 },
    ];
    for (const cpu of steps) {
      // On v1 nobody may be without a limit below one who has one.
      if (cpu.max === 'max' && !isV2('cpu')) continue;
      await group.set({ cpu });
    }
    await expect(group.set({ cpu: { max: 0.2 } })).rejects.toMatchObject({
      code: 'LIMIT_INVALID',
      message: expect.stringContaining('lower cpu.burst with it'),
    });
    await expect(group.set({ cpu: { burst: 60_000 } })).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
    expect((await group.stat()).cpu.max).toBe(0.5);
  });

  test('clamps are set where the kernel has them, and refused where not', async () => {
    await using group = await create({ cpu: { weight: 100 } });
    const set = group.set({ cpu: { uclamp: { min: 10, max: 50 } } });
    if (directories(group.path).some((each) => existsSync(`${each}/cpu.uclamp.max`))) return void (await set);
    await expect(set).rejects.toMatchObject({
      code: 'CONTROLLER_UNAVAILABLE',
      file: expect.stringMatching(/\/cpu\.uclamp\.min$/),
      message: expect.stringContaining('CONFIG_UCLAMP_TASK_GROUP'),
    });
  });

  test('the time on each CPU is told where the kernel keeps it, and adds up', async () => {
    await using group = await create({ cpu: { max: 0.5 } });
    const loop = await startInside(group, ...LOOP);
    loop.go();
    await expect.poll(() => usage(group), { timeout: 20_000 }).toBeGreaterThan(10_000);
    await group.freeze();
    const { perCpuMicros, usageMicros } = (await group.stat()).cpu;
    const kept = directories(group.path).some((each) => existsSync(`${each}/cpuacct.usage_percpu`));
    if (!kept) return expect(perCpuMicros).toBeUndefined();
    const sum = perCpuMicros?.reduce((total, micros) => total + micros, 0);
    expect(sum).toBeGreaterThan(usageMicros - 1);
    expect(sum).toBeLessThan(usageMicros + 1_000);
  });
}

const QUOTA = 0.1;
const LOOP = ['sh', '-c', 'while :; do :; done'];

/** 35 ms of CPU time, however fast the machine is, and then a rest of four periods. */
const SPURTS = [
  'perl',
  '-e',
  'for (;;) { my $t = (times)[0]; 1 while (times)[0] - $t < 0.035; select undef, undef, undef, 0.4 }',
];

/** In microseconds: what it used meanwhile, and how long it was held back. */
async function over(group: Cgroup, milliseconds: number) {
  const [{ cpu: before }, start] = [await group.stat(), performance.now()];
  await setTimeout(milliseconds);
  const [{ cpu: after }, end] = [await group.stat(), performance.now()];
  return {
    used: after.usageMicros - before.usageMicros,
    throttled: after.throttledMicros - before.throttledMicros,
    wall: (end - start) * 1_000,
  };
}

async function usage(group: Cgroup): Promise<number> {
  return (await group.stat()).cpu.usageMicros;
}

/** The CPU time of each, when both want the whole of CPU 0 all the time. */
async function contend(one: Cgroup, other: Cgroup): Promise<[number, number]> {
  for (const group of [one, other]) {
    const loop = await startInside(group, 'taskset', '-c', '0', ...LOOP);
    loop.go();
    // The first would not even begin, were it idle and the other there already.
    await expect.poll(() => usage(group), { timeout: 20_000 }).toBeGreaterThan(20_000);
  }
  return measured([one, other]);
}

async function measured([one, other]: [Cgroup, Cgroup]): Promise<[number, number]> {
  const before = [await usage(one), await usage(other)] as const;
  await setTimeout(3_000);
  return [(await usage(one)) - before[0], (await usage(other)) - before[1]];
}
