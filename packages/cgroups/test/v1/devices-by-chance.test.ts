import { describe, expect, test } from 'vitest';
import { checkDevices, type DevicesLimits } from '../../src/controllers/devices.ts';
import { CgroupError } from '../../src/index.ts';
import { deviceList } from '../../src/v1/device-list.ts';
import { devicesSettings, exchange, parseDeviceList } from '../../src/v1/devices.ts';
import { dice, everyAccess, isAllowed, randomRules } from '../random-rules.ts';
import { written } from '../written.ts';
import { DeviceController } from './device-controller.ts';

const fresh = (limits: DevicesLimits) => written(devicesSettings, checkDevices(limits, '/estiba/x'));

describe('devices on v1, by chance', () => {
  test('what is written comes to what the rules mean', () => {
    let refused = 0;
    for (let seed = 1; seed <= 600; seed++) {
      const limits = randomRules(dice(seed));
      const writes = orUndefined(() => fresh(limits));
      if (writes === undefined) {
        refused++;
        if (isExpressible(limits)) expect.fail(`seed ${seed} could be said: ${JSON.stringify(limits)}`);
        continue;
      }
      const cgroup = new DeviceController(new DeviceController());
      apply(writes, cgroup);
      for (const access of everyAccess()) {
        if (cgroup.permits(access) !== isAllowed(limits, access)) {
          expect.fail(`seed ${seed}: ${JSON.stringify({ access, limits, writes })}`);
        }
      }
    }
    expect(refused).toBeGreaterThan(50);
    expect(refused).toBeLessThan(400);
  });

  test('a change of lists never denies what both allow, nor allows what both deny', () => {
    let changes = 0;
    for (let seed = 1; seed <= 700; seed++) {
      const roll = dice(seed);
      const [before, after] = [randomRules(roll), randomRules(roll)];
      const first = orUndefined(() => fresh({ ...before, default: 'deny' }));
      if (first === undefined || orUndefined(() => fresh({ ...after, default: 'deny' })) === undefined) continue;
      const cgroup = new DeviceController(new DeviceController());
      apply(first, cgroup);
      if (cgroup.allowsAll) continue;
      const writes = exchanged({ ...after, default: 'deny' }, cgroup.list);
      if (writes.some(([, value]) => value === 'a')) continue;
      changes++;
      const [old, next] = [before, after].map(
        (limits) =>
          new Set([...everyAccess()].filter((each) => isAllowed({ ...limits, default: 'deny' }, each)).map(key)),
      );
      for (const write of [undefined, ...writes]) {
        if (write !== undefined) apply([write], cgroup);
        const isLast = write === writes.at(-1);
        for (const access of everyAccess()) {
          const [was, will, is] = [old?.has(key(access)), next?.has(key(access)), cgroup.permits(access)];
          // A line for a major number and one for a minor number may cross; the crossing has no line for a moment.
          const crosses = was && will && !is && !isLast;
          if (crosses || (is ? was || will : !(was && will))) continue;
          expect.fail(`seed ${seed}: ${JSON.stringify({ access, was, will, is, write, writes, before, after })}`);
        }
      }
      for (const access of everyAccess()) {
        if (cgroup.permits(access) !== next?.has(key(access))) expect.fail(`seed ${seed}: ${JSON.stringify(access)}`);
      }
    }
    expect(changes).toBeGreaterThan(90);
  });

  test('a child never has more than its parent, whatever either is told', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const roll = dice(seed);
      const parent = new DeviceController(new DeviceController());
      const child = new DeviceController(parent);
      for (let turn = 0; turn < 6; turn++) {
        const cgroup = roll(2) === 0 ? parent : child;
        const writes = exchanged(randomRules(roll), cgroup.list);
        orUndefined(() => apply(writes, cgroup));
        for (const access of everyAccess()) {
          if (child.permits(access) && !parent.permits(access)) expect.fail(`seed ${seed}: ${JSON.stringify(access)}`);
        }
      }
    }
  });
});

function apply(writes: string[][], cgroup: DeviceController): void {
  for (const [file = '', value = ''] of writes) cgroup.write(file, value);
}

/** Without files: for many of them. */
function exchanged(limits: DevicesLimits, list: string): string[][] {
  const wanted = deviceList(checkDevices(limits, '/estiba/x'));
  if ('problem' in wanted) return [];
  return exchange(parseDeviceList(list), wanted).map(({ file, value }) => [file, value]);
}

function key(access: object): string {
  return Object.values(access).join(' ');
}

function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (
      error instanceof CgroupError
        ? error.code === 'CONTROLLER_UNAVAILABLE'
        : /^E[A-Z]+/.test(String((error as Error).message))
    )
      return undefined;
    throw error;
  }
}

/** Tried out: in one of the two kinds of list, all lines that hold throughout say everything there is to say. */
function isExpressible(limits: ReturnType<typeof randomRules>): boolean {
  const single = [...everyAccess()].filter(({ access }) => access.length === 1);
  return [true, false].some((listed) => {
    const isListed = new Map(single.map((each) => [key(each), isAllowed(limits, each) === listed]));
    const covers = (type: string, major: number | '*', minor: number | '*', access: string) =>
      single
        .filter(
          (each) =>
            each.type === type &&
            each.access === access &&
            (major === '*' || major === each.major) &&
            (minor === '*' || minor === each.minor),
        )
        .every((each) => isListed.get(key(each)));
    // 9 stands for all that no rule names: no line can name it alone.
    return single.every(({ type, major, minor, access, ...rest }) => {
      if (!isListed.get(key({ type, major, minor, access, ...rest }))) return true;
      const lines = [
        [major, minor],
        ['*', minor],
        [major, '*'],
        ['*', '*'],
      ] as const;
      return lines.some(([a, b]) => a !== 9 && b !== 9 && covers(type, a, b, access));
    });
  });
}
