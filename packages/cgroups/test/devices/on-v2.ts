import { Fd } from '@estiba/syscalls';
import { scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { checkDevices, type DevicesLimits } from '../../src/controllers/devices.ts';
import { currentHost } from '../../src/host.ts';
import { Cgroup, CgroupError, type DeviceRule } from '../../src/index.ts';
import { attachedPrograms, attachProgram, loadDeviceProgram, openProgram } from '../../src/v2/bpf.ts';
import { deviceProgram } from '../../src/v2/device-program.ts';
import { exchange } from '../../src/v2/devices.ts';
import { startProbe } from '../device-probe.ts';
import { directories } from '../views.ts';
import type { Create } from './create.ts';

export function onV2(create: Create): void {
  test('a program is replaced by the next, and none is left when the limit is lifted', async () => {
    await using group = await create({ devices: { allow: [] } });
    const [first] = await programs(group);
    expect(first).toMatchObject({ name: 'estiba_devices' });
    await group.set({ devices: { allow: ['c 1:3 rw'] } });
    const [second, ...others] = await programs(group);
    expect(others).toEqual([]);
    expect(second?.id).not.toBe(first?.id);
    await group.set({ devices: 'max' });
    expect(await programs(group)).toEqual([]);
    await expectGone(first?.id, second?.id);
  });

  test('a cgroup that is removed takes its program with it', async () => {
    const group = await create({ devices: { allow: [] } });
    const child = await group.child('inner', { devices: { allow: [] } });
    const ids = [...(await programs(group)), ...(await programs(child))].map(({ id }) => id);
    expect(ids).toHaveLength(2);
    await group.remove();
    await expectGone(...ids);
  });

  test('a list that cannot be in force leaves neither cgroup nor program', async () => {
    await using group = await create();
    const devices: DevicesLimits = { allow: [] };
    await expect(group.child('inner', { devices, unified: { 'memory.no_such': '1' } })).rejects.toThrow(CgroupError);
    expect(directories(`${group.path}/inner`)).toEqual([]);
  });

  test('programs of others stay, and have to agree', async () => {
    await using files = scratch();
    await using group = await create({ devices: { allow: ['c 1:* rw'] } });
    await using probe = await startProbe(group, files.path);
    using directory = openGroup(group);
    using foreign = load({ deny: ['c 1:7 rwm'] }, 'foreign');
    attachProgram(directory, foreign);
    expect(await probe.allowed('r null', 'r full', 'm null')).toEqual(['r null']);
    await group.set({ devices: 'max' });
    expect(await probe.allowed('r null', 'r full', 'm null')).toEqual(['r null', 'm null']);
    expect((await programs(group)).map(({ name }) => name)).toEqual(['foreign']);
  });

  test('a program replaces all that were left of ours, and where it cannot replace, those go after it', async () => {
    await using group = await create();
    using directory = openGroup(group);
    using first = load({ allow: [] }, 'estiba_devices');
    using second = load({ allow: ['c 1:3 r'] }, 'estiba_devices');
    using third = load({ allow: ['c 1:5 r'] }, 'estiba_devices');
    attachProgram(directory, first);
    attachProgram(directory, second);
    exchange(directory, third);
    expect(attachedPrograms(directory)).toHaveLength(1);
    const counts: number[] = [];
    exchange(directory, second, (cgroup, program, replaced) => {
      if (replaced !== undefined) throw Object.assign(new Error('before Linux 5.6'), { code: 'EINVAL' });
      attachProgram(cgroup, program);
      counts.push(attachedPrograms(cgroup).length);
    });
    expect([...counts, attachedPrograms(directory).length]).toEqual([2, 1]);
  });

  test('the verifier takes 512 rules of any kind', async () => {
    const rules = Array.from(
      { length: 256 },
      (_, number): DeviceRule => ({
        allow: number % 3 === 0,
        major: number % 2 === 0 ? '*' : number,
        minor: number % 5 === 0 ? '*' : number,
        access: ['r', 'w', 'm', 'rw', 'wm'][number % 5] ?? 'r',
      }),
    );
    await using group = await create({ devices: { rules } });
    expect(await programs(group)).toHaveLength(1);
  });

  test('the verifier is quoted when it refuses', () => {
    const refusal = loadDeviceProgram(Buffer.from([0x95, 0, 0, 0, 0, 0, 0, 0]), 'broken');
    expect(refusal).toMatchObject({ log: expect.stringMatching(/R0 !read_ok/) });
  });

  test('a cgroup that was removed is told', async () => {
    const group = await create({ devices: { allow: [] } });
    const twin = await Cgroup.open(group.path);
    await group.remove();
    await expect(twin.set({ devices: { allow: ['c 1:3 r'] } })).rejects.toMatchObject({ code: 'CGROUP_GONE' });
  });
}

async function programs(group: Cgroup) {
  return (await group.devices()).programs ?? [];
}

function openGroup(group: Cgroup): Fd {
  return Fd.open(`${currentHost().unified?.mountPoint}${group.path}`);
}

function load(limits: DevicesLimits, name: string): Fd {
  const program = loadDeviceProgram(deviceProgram(checkDevices(limits, '/estiba/x')), name);
  if (program instanceof Fd) return program;
  throw program.cause;
}

/** The kernel lets go of a program a moment after the last who held it. */
async function expectGone(...ids: (number | undefined)[]): Promise<void> {
  const left = () =>
    ids.filter((id) => {
      using program = openProgram(id ?? 0);
      return program !== undefined;
    });
  await expect.poll(left, { timeout: 10_000 }).toEqual([]);
}
