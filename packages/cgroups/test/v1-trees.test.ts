import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkLimits } from '../src/checked-limits.ts';
import { applySettings, createPlaces } from '../src/create.ts';
import type { Host } from '../src/host.ts';
import type { Limits } from '../src/limits.ts';
import type { Hierarchy } from '../src/mountinfo.ts';
import { type ControllerName, withControllers } from '../src/needed-controllers.ts';
import { neededHierarchies, placeIn } from '../src/place.ts';
import { settingsFor } from '../src/settings.ts';

const path = '/estiba/x';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), `estiba-${process.pid}-trees-`));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A machine like those that mount each v1 controller by itself; its files are plain ones. */
function v1Host(...names: string[]): Host {
  const hierarchies = names.map((name): Hierarchy => {
    const mountPoint = join(folder, name);
    mkdirSync(mountPoint);
    return { version: 1, mountPoint, root: '/', controllers: name.split(',') };
  });
  return hostOf('v1', hierarchies, undefined);
}

function v2Host(): Host {
  const unified: Hierarchy = { version: 2, mountPoint: folder, root: '/', controllers: ['io', 'pids', 'memory'] };
  return hostOf('v2', [unified], unified);
}

function hostOf(mode: Host['mode'], hierarchies: Hierarchy[], unified: Hierarchy | undefined): Host {
  const controllers = new Map(hierarchies.flatMap((each) => each.controllers.map((name) => [name, each] as const)));
  return { mode, hierarchies, unified, controllers };
}

const needed = (host: Host, limits: Limits, controllers: ControllerName[] = []) =>
  neededHierarchies(host, withControllers(checkLimits(limits, path), controllers, path), path);

describe('v1 trees of network and perf', () => {
  test('class and priorities are written where net_cls and net_prio are, mounted together or not', () => {
    for (const name of ['net_cls,net_prio', 'net_cls', 'net_prio']) {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      const host = v1Host(name);
      const limits: Limits = {
        ...(name.includes('cls') && { netCls: { classid: '10:1' } }),
        ...(name.includes('prio') && { netPrio: { lo: 3 } }),
      };
      const [hierarchy] = needed(host, limits);
      const place = placeIn(hierarchy as Hierarchy, path);
      mkdirSync(place.directory, { recursive: true });
      const files = ['net_cls.classid', 'net_prio.ifpriomap'].filter((file) => name.includes(file.split('.')[0] ?? ''));
      for (const file of files) writeFileSync(join(place.directory, file), '');
      applySettings(place, settingsFor(host, place, checkLimits(limits, path), { path, fresh: true }), path);
      const written = files.map((file) => readFileSync(join(place.directory, file), 'utf8'));
      expect(written).toEqual([...(limits.netCls ? ['1048577'] : []), ...(limits.netPrio ? ['lo 3'] : [])]);
    }
  });

  test('a cgroup is in the tree of perf_event when that is asked for', () => {
    const host = v1Host('memory', 'pids', 'cpuacct', 'freezer', 'perf_event', 'blkio');
    createPlaces(host, path, withControllers({}, [], path));
    expect(existsSync(join(folder, 'perf_event', path))).toBe(false);
    createPlaces(host, `${path}/y`, withControllers({}, ['perf_event', 'io'], path));
    expect(existsSync(join(folder, 'perf_event', path, 'y'))).toBe(true);
    expect(existsSync(join(folder, 'blkio', path, 'y'))).toBe(true);
  });

  test('on v2 every cgroup has perf_event, and nothing is enabled for it', () => {
    expect(needed(v2Host(), {}, ['perf_event'])).toEqual(needed(v2Host(), {}));
  });

  test('a host without them says what to use instead', () => {
    const refused = (text: RegExp) =>
      expect.objectContaining({ code: 'CONTROLLER_UNAVAILABLE', message: expect.stringMatching(text) });
    expect(() => needed(v2Host(), { netCls: { classid: 1 } })).toThrow(refused(/no net_cls .*socket cgroupv2/));
    expect(() => needed(v2Host(), { netPrio: { lo: 1 } })).toThrow(refused(/no net_prio .*meta priority set/));
    expect(() => needed(v1Host('pids'), {}, ['perf_event'])).toThrow(refused(/no perf_event/));
  });

  test('a controller of another name is refused', () => {
    expect(() => withControllers({}, ['blkio' as 'io'], path)).toThrow(
      expect.objectContaining({ code: 'LIMIT_INVALID', file: 'controllers', value: 'blkio' }),
    );
  });
});
