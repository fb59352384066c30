import { describe, expect, test } from 'vitest';
import type { Host } from '../src/host.ts';
import { deepestPath, parseMemberships, pathIn, readMemberships } from '../src/membership.ts';
import type { Hierarchy } from '../src/mountinfo.ts';

const MEMORY: Hierarchy = { version: 1, mountPoint: '/m', root: '/', controllers: ['memory'] };
const CPU: Hierarchy = { version: 1, mountPoint: '/c', root: '/', controllers: ['cpu', 'cpuacct'] };
const SYSTEMD: Hierarchy = { version: 1, mountPoint: '/s', root: '/', controllers: [], name: 'systemd' };
const UNIFIED: Hierarchy = { version: 2, mountPoint: '/u', root: '/', controllers: [] };

const memberships = parseMemberships('9:name=systemd:/s\n4:memory:/a/b:c\n2:cpu,cpuacct:/\n0::/a\n');

describe('a process in several hierarchies', () => {
  test('is found in each by its controllers, and a colon may be part of a name', () => {
    expect(pathIn(MEMORY, memberships)).toBe('/a/b:c');
    expect(pathIn(CPU, memberships)).toBe('/');
    expect(pathIn(SYSTEMD, memberships)).toBe('/s');
    expect(pathIn(UNIFIED, memberships)).toBe('/a');
  });

  test('is called after the deepest of its cgroups', () => {
    const host = { hierarchies: [UNIFIED, CPU, MEMORY] } as unknown as Host;
    expect(deepestPath(host, memberships)).toBe('/a/b:c');
  });

  test('has a path below the mount point, when only a part of the tree is mounted', () => {
    const part = { ...MEMORY, root: '/a' };
    expect(pathIn(part, memberships)).toBe('/b:c');
    expect(pathIn({ ...MEMORY, root: '/a/b:c' }, memberships)).toBe('/');
    expect(pathIn({ ...MEMORY, root: '/other' }, memberships)).toBeUndefined();
  });

  test('is not visible when it is outside of the cgroup namespace', () => {
    expect(pathIn(UNIFIED, parseMemberships('0::/../other\n'))).toBeUndefined();
  });
});

test.each([0, -1, 1.5, Number.NaN, '../1' as unknown as number])('%s is no process id', (pid) => {
  expect(() => readMemberships(pid)).toThrow(
    new TypeError(`cannot use ${pid} as a process id: it is a whole number above 0`),
  );
});
