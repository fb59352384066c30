import { describe, expect, test } from 'vitest';
import { checkDevices, type DevicesLimits } from '../../src/controllers/devices.ts';
import { containerDevices } from '../../src/index.ts';
import { deviceProgram } from '../../src/v2/device-program.ts';
import { devicesSettings } from '../../src/v2/devices.ts';
import { runProgram } from '../bpf-machine.ts';
import { type Access, dice, everyAccess, isAllowed, randomRules } from '../random-rules.ts';
import { written } from '../written.ts';

const program = (limits: DevicesLimits) => deviceProgram(checkDevices(limits, '/estiba/x'));
const BITS: Record<string, number> = { m: 1, r: 2, w: 4 };

/** struct bpf_cgroup_dev_ctx */
function ask(bytes: Buffer, { type, major, minor, access }: Access): bigint {
  const context = Buffer.alloc(12);
  const bits = [...access].reduce((sum, letter) => sum | (BITS[letter] ?? 0), 0);
  context.writeUInt32LE((bits << 16) | (type === 'block' ? 1 : 2), 0);
  context.writeUInt32LE(major, 4);
  context.writeUInt32LE(minor, 8);
  return runProgram(bytes, context);
}

describe('a device program', () => {
  test('says what the rules mean, for every access and rules made by chance', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const limits = randomRules(dice(seed));
      const bytes = program(limits);
      for (const access of everyAccess()) {
        const expected = isAllowed(limits, access) ? 1n : 0n;
        if (ask(bytes, access) !== expected)
          expect.fail(`seed ${seed}: ${JSON.stringify({ access, expected, limits })}`);
      }
    }
  });

  test('lists are rules: nothing but these, everything but these', () => {
    const nothingBut = program({ allow: ['c 1:3 r', 'c 1:3 w', 'b 8:* r'] });
    expect(ask(nothingBut, { type: 'char', major: 1, minor: 3, access: 'rw' })).toBe(1n);
    expect(ask(nothingBut, { type: 'char', major: 1, minor: 3, access: 'm' })).toBe(0n);
    expect(ask(nothingBut, { type: 'block', major: 8, minor: 1_048_575, access: 'r' })).toBe(1n);
    expect(ask(nothingBut, { type: 'block', major: 9, minor: 0, access: 'r' })).toBe(0n);
    const everythingBut = program({ deny: ['a *:* m'] });
    expect(ask(everythingBut, { type: 'char', major: 4095, minor: 3, access: 'rw' })).toBe(1n);
    expect(ask(everythingBut, { type: 'block', major: 8, minor: 3, access: 'm' })).toBe(0n);
  });

  test('whoever only asks whether a device is there is told', () => {
    expect(ask(program({ allow: [] }), { type: 'char', major: 1, minor: 3, access: '' })).toBe(1n);
  });

  test('is the same bytes for the same rules, and as long as they are', () => {
    const limits: DevicesLimits = { allow: [...containerDevices] };
    expect(program(limits)).toEqual(program({ allow: [...containerDevices] }));
    expect(program(limits).length / 8).toBe(7 + (2 + 8 * 6 + 4 + 2) + (2 + 2) + 4);
    const many = Array.from({ length: 512 }, (_, minor) => `c 1:${minor} rw` as const);
    expect(program({ allow: many }).length / 8).toBe(7 + 512 * 6 + 2 + 2 + 4);
  });

  test('an all-embracing rule makes those before it void', () => {
    const all = { allow: false } as const;
    const one = { allow: true, type: 'char', major: 1, minor: 3, access: 'rw' } as const;
    expect(program({ default: 'allow', rules: [one, all] })).toEqual(program({ rules: [] }));
  });
});

describe('devices on v2', () => {
  const settings = (limits: DevicesLimits) => written(devicesSettings, checkDevices(limits, '/estiba/x'));

  test('a new cgroup without limits gets no program', () => {
    expect(settings('max')).toEqual([]);
    expect(settings({ deny: [] })).toEqual([]);
    expect(settings({ rules: [{ allow: false }, { allow: true }] })).toEqual([]);
  });

  test('everything else is one program', () => {
    expect(settings({ allow: [] })).toEqual([['limit devices of /estiba/x']]);
  });
});
