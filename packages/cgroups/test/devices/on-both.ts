import { launch, open } from '@estiba/syscalls';
import { scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { Cgroup, CgroupError, containerDevices, type DeviceRule } from '../../src/index.ts';
import { startProbe } from '../device-probe.ts';
import { dice, isAllowed } from '../random-rules.ts';
import type { Create } from './create.ts';

const everything = ['null', 'zero', 'full'].flatMap((device) =>
  ['r', 'w', 'rw', 'm'].map((each) => `${each} ${device}`),
);
const MINORS: Record<string, number> = { null: 3, zero: 5, full: 7 };

export function onBoth(create: Create): void {
  test('nothing but what is listed can be opened and made', async () => {
    await using files = scratch();
    await using group = await create({ devices: { allow: ['c 1:3 rwm', 'c 1:5 r'] } });
    await using probe = await startProbe(group, files.path);
    expect(await probe.allowed(...everything)).toEqual(['r null', 'w null', 'rw null', 'm null', 'r zero']);
  });

  test('everything but what is listed can be opened and made', async () => {
    await using files = scratch();
    await using group = await create({ devices: { deny: ['c 1:7 w', 'c *:* m'] } });
    await using probe = await startProbe(group, files.path);
    expect(await probe.allowed(...everything)).toEqual([
      'r null',
      'w null',
      'rw null',
      'r zero',
      'w zero',
      'rw zero',
      'r full',
    ]);
  });

  test('who is refused is told EPERM', async () => {
    await using group = await create({ devices: { allow: [] } });
    await expect(launch([group.join(), open('/dev/full', ['rdonly'])])).rejects.toMatchObject({
      code: 'EPERM',
      path: '/dev/full',
    });
  });

  test('a list can be changed while processes are inside, and lifted', { timeout: 120_000 }, async () => {
    await using files = scratch();
    await using group = await create({ devices: { allow: ['c 1:3 rw'] } });
    await using probe = await startProbe(group, files.path);
    expect(await probe.allowed(...everything)).toEqual(['r null', 'w null', 'rw null']);
    await group.set({ devices: { allow: ['c 1:3 r', 'c 1:3 w', 'c 1:7 m'] } });
    expect(await probe.allowed(...everything)).toEqual(['r null', 'w null', 'rw null', 'm full']);
    await group.set({ devices: { deny: ['c 1:3 rwm', 'c 1:5 rwm'] } });
    expect(await probe.allowed(...everything)).toEqual(['r full', 'w full', 'rw full', 'm full']);
    await group.set({ devices: { deny: ['c 1:3 rwm', 'c 1:7 rwm'] } });
    expect(await probe.allowed(...everything)).toEqual(['r zero', 'w zero', 'rw zero', 'm zero']);
    await group.set({ devices: { allow: ['c 1:* r'] } });
    expect(await probe.allowed(...everything)).toEqual(['r null', 'r zero', 'r full']);
    await group.set({ devices: 'max' });
    expect(await probe.allowed(...everything)).toEqual(everything);
  });

  test('a process that is there when the first list comes is under it', async () => {
    await using files = scratch();
    await using group = await create();
    await using probe = await startProbe(group, files.path);
    expect(await probe.may('r zero')).toBe(true);
    await group.set({ devices: { allow: ['c 1:3 rw'] } });
    expect(await probe.allowed('rw null', 'r zero')).toEqual(['rw null']);
  });

  test('what a container is given is enough for null, zero, full and nodes of them', async () => {
    await using files = scratch();
    await using group = await create({ devices: { allow: [...containerDevices] } });
    await using probe = await startProbe(group, files.path);
    expect(await probe.allowed(...everything)).toEqual(everything);
  });

  test('the kernel takes rules made by chance as they are meant', { timeout: 120_000 }, async () => {
    await using files = scratch();
    await using group = await create();
    await using probe = await startProbe(group, files.path);
    let taken = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const limits = rulesOfNull(dice(seed));
      const isTaken = await group.set({ devices: limits }).then(() => true, isInexpressible);
      if (!isTaken) continue;
      taken++;
      const expected = everything.filter((each) => {
        const [access = '', device = ''] = each.split(' ');
        return isAllowed(limits, { type: 'char', major: 1, minor: MINORS[device] ?? 0, access });
      });
      expect(await probe.allowed(...everything), `seed ${seed}: ${JSON.stringify(limits)}`).toEqual(expected);
    }
    expect(taken).toBeGreaterThan(4);
  });

  test('a cgroup inside without a list of its own has that of its parent', { timeout: 60_000 }, async () => {
    await using files = scratch();
    await using parent = await create({ devices: { allow: ['c 1:3 rw'] } });
    const child = await parent.child('inner');
    await using probe = await startProbe(child, files.path);
    expect(await probe.allowed('rw null', 'r zero', 'm null')).toEqual(['rw null']);
  });

  test('a first list reaches those who are in cgroups inside already', { timeout: 60_000 }, async () => {
    await using files = scratch();
    // Below the folder of all, which is no reason to be in a hierarchy of v1 before there is a limit.
    await using parent = await Cgroup.create(`/estiba/test-${process.pid}-inside`);
    const inner = await (await parent.child('inner')).child('most');
    await using probe = await startProbe(inner, files.path);
    await parent.set({ devices: { allow: ['c 1:3 rw'] } });
    expect(await probe.allowed('rw null', 'r zero', 'm null')).toEqual(['rw null']);
  });

  test('a cgroup inside can only lose', { timeout: 60_000 }, async () => {
    await using files = scratch();
    await using parent = await create({ devices: { allow: ['c 1:3 rw', 'c 1:5 rw'] } });
    const child = await parent.child('inner', { devices: { allow: ['c 1:5 r'] } });
    await using probe = await startProbe(child, files.path);
    expect(await probe.allowed(...everything)).toEqual(['r zero']);
    await child.set({ devices: 'max' });
    expect(await probe.allowed('rw null', 'rw zero', 'r full', 'm null')).toEqual(['rw null', 'rw zero']);
    await parent.set({ devices: { allow: ['c 1:3 rw'] } });
    expect(await probe.allowed('rw null', 'rw zero')).toEqual(['rw null']);
  });
}

function rulesOfNull(roll: (below: number) => number): { default: 'allow' | 'deny'; rules: DeviceRule[] } {
  const pick = <T>(list: readonly T[]): T => list[roll(list.length)] as T;
  const rules = Array.from({ length: 1 + roll(5) }, () => ({
    allow: roll(2) === 0,
    type: pick(['char', 'char', 'all'] as const),
    major: pick(['*', 1, 1, 2] as const),
    minor: pick(['*', 3, 5, 7] as const),
    access: pick(['r', 'w', 'm', 'rw', 'rwm'] as const),
  }));
  return { default: pick(['allow', 'deny']), rules };
}

function isInexpressible(error: unknown): boolean {
  if (error instanceof CgroupError && error.code === 'CONTROLLER_UNAVAILABLE') return false;
  throw error;
}
