import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkDevices, type DevicesLimits } from '../../src/controllers/devices.ts';
import { devicesSettings } from '../../src/v1/devices.ts';
import { rewritten, written } from '../written.ts';

const fresh = (limits: DevicesLimits) => written(devicesSettings, checkDevices(limits, '/estiba/x'));
const changed = (limits: DevicesLimits, list: string) =>
  rewritten(devicesSettings, checkDevices(limits, '/estiba/x'), { 'devices.list': list });

describe('devices on v1', () => {
  test('a list of what is allowed begins with nothing', () => {
    expect(fresh({ allow: ['c 1:3 rw', 'b 8:* r'] })).toEqual([
      ['devices.deny', 'a'],
      ['devices.allow', 'c 1:3 rw'],
      ['devices.allow', 'b 8:* r'],
    ]);
    expect(fresh({ allow: [] })).toEqual([['devices.deny', 'a']]);
  });

  test('a list of what is denied begins with everything', () => {
    expect(fresh({ deny: ['b *:* rwm', 'c 1:9 w'] })).toEqual([
      ['devices.allow', 'a'],
      ['devices.deny', 'c 1:9 w'],
      ['devices.deny', 'b *:* rwm'],
    ]);
  });

  test('a new cgroup without limits is told nothing', () => {
    expect(fresh('max')).toEqual([]);
    expect(fresh({ deny: [] })).toEqual([]);
    expect(fresh({ allow: ['a *:* rwm'] })).toEqual([]);
  });

  test('what a wider rule allows stands in every narrower one: the kernel asks for one that has all', () => {
    expect(fresh({ allow: ['a *:* m', 'c 1:* w', 'c 1:3 r'] })).toEqual([
      ['devices.deny', 'a'],
      ['devices.allow', 'c *:* m'],
      ['devices.allow', 'c 1:* wm'],
      ['devices.allow', 'c 1:3 rwm'],
      ['devices.allow', 'b *:* m'],
    ]);
    expect(fresh({ allow: ['c 1:* r', 'c *:3 w'] })).toContainEqual(['devices.allow', 'c 1:3 rw']);
  });

  test('later rules win, as far as a list can say so', () => {
    const rules = [
      { allow: true, type: 'char', major: 1, minor: 3 },
      { allow: false, type: 'char', major: 1, access: 'w' },
    ] as const;
    expect(fresh({ rules })).toEqual([
      ['devices.deny', 'a'],
      ['devices.allow', 'c 1:3 rm'],
    ]);
  });

  test('refuses a hole in what is allowed inside of what is denied, and names both', () => {
    const rules = [
      { allow: true, type: 'char', major: 1, access: 'r' },
      { allow: false, type: 'char', major: 1, minor: 5, access: 'r' },
    ] as const;
    expect(() => fresh({ rules })).toThrow(
      expect.objectContaining({ name: 'CgroupError', code: 'CONTROLLER_UNAVAILABLE', path: '/estiba/x' }),
    );
    expect(() => fresh({ rules })).toThrow(
      "cannot limit devices of /estiba/x: cgroup v1 keeps either what is allowed or what is denied, and it cannot keep that 'c 1:* r' is " +
        "allowed and 'c *:* rwm' is denied, but not all like these; name the devices one by one, or use cgroup v2",
    );
  });

  test('from one list to the next only the difference is written, taking away before giving', () => {
    expect(changed({ allow: ['c 1:3 rw', 'c 1:7 r'] }, 'c 1:3 rwm\nc 1:5 rw')).toEqual([
      ['devices.deny', 'c 1:3 m'],
      ['devices.deny', 'c 1:5 rw'],
      ['devices.allow', 'c 1:7 r'],
    ]);
    expect(changed({ allow: ['c 1:3 rw'] }, 'c 1:3 rw')).toEqual([]);
  });

  test('a part of what is allowed gets its own line before the line of the whole goes', () => {
    expect(changed({ allow: ['c 1:3 r'] }, 'c 1:* rw')).toEqual([
      ['devices.allow', 'c 1:3 r'],
      ['devices.deny', 'c 1:* rw'],
    ]);
  });

  test('from everything to a list: nothing, then the list', () => {
    expect(changed({ allow: ['c 1:3 rw'] }, 'a *:* rwm')).toEqual([
      ['devices.deny', 'a'],
      ['devices.allow', 'c 1:3 rw'],
    ]);
    expect(changed({ allow: ['c 1:3 rw'] }, '')).toEqual([['devices.allow', 'c 1:3 rw']]);
  });

  test('no limit is what the cgroup above has', () => {
    expect(lifted('a *:* rwm')).toEqual([['devices.allow', 'a']]);
    expect(lifted('c 1:* rw')).toEqual([['devices.allow', 'c 1:* rw']]);
  });

  test('512 rules take no time', () => {
    const many = Array.from({ length: 512 }, (_, minor) => `c 1:${minor} rw` as const);
    const before = performance.now();
    expect(fresh({ allow: many })).toHaveLength(513);
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  test('refuses rules that would be thousands of lines', () => {
    const majors = Array.from({ length: 100 }, (_, major) => `c ${major}:* r` as const);
    const minors = Array.from({ length: 100 }, (_, minor) => `c *:${minor} w` as const);
    expect(() => fresh({ allow: [...majors, ...minors] })).toThrow(/too many combinations/);
  });
});

/** What is written into a cgroup with a list of its own, below one with this list. */
function lifted(above: string): string[][] {
  const parent = mkdtempSync(join(tmpdir(), `estiba-${process.pid}-cgroup-`));
  try {
    const directory = join(parent, 'x');
    mkdirSync(directory);
    writeFileSync(join(parent, 'devices.list'), `${above}\n`);
    writeFileSync(join(directory, 'devices.list'), '\n');
    const settings = devicesSettings({ allow: true, rules: [] }, { path: '/estiba/x', directory, fresh: false });
    return settings.map((setting) => ('file' in setting ? [setting.file, setting.value] : []));
  } finally {
    rmSync(parent, { recursive: true });
  }
}
