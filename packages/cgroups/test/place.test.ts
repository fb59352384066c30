import { describe, expect, test } from 'vitest';
import type { Host } from '../src/host.ts';
import type { Hierarchy } from '../src/mountinfo.ts';
import { inOrder, neededHierarchies, placeIn, withAddedPlaces } from '../src/place.ts';

const v1 = (...controllers: string[]): Hierarchy => ({
  version: 1,
  mountPoint: `/cg/${controllers}`,
  root: '/',
  controllers,
});
const v2 = (...controllers: string[]): Hierarchy => ({ version: 2, mountPoint: '/cg', root: '/', controllers });

function host(...hierarchies: Hierarchy[]): Host {
  return {
    mode: 'hybrid',
    hierarchies,
    unified: hierarchies.find(({ version }) => version === 2),
    controllers: new Map(hierarchies.flatMap((each) => each.controllers.map((name) => [name, each]))),
  };
}

const needed = (on: Host, limits = {}) =>
  neededHierarchies(on, limits, '/estiba/x').map(({ controllers }) => `${controllers}`);

describe('neededHierarchies', () => {
  test('v2 needs its one hierarchy', () => {
    expect(needed(host(v2('cpu', 'memory', 'pids')), { cpu: {}, memory: {} })).toEqual(['cpu,memory,pids']);
  });

  test('hybrid tracks in v2, counts in v1, and puts memory last', () => {
    const hybrid = host(v1('memory'), v1('cpu'), v1('cpuacct'), v1('pids'), v1('freezer'), v2());
    expect(needed(hybrid)).toEqual(['', 'pids', 'memory']);
    expect(needed(hybrid, { cpu: {} })).toEqual(['', 'cpu', 'pids', 'memory']);
  });

  test('v1 tracks with the freezer, and makes one cgroup where two controllers share a hierarchy', () => {
    const old = host(v1('memory'), v1('cpu', 'cpuacct'), v1('pids'), v1('freezer'), v1('blkio'));
    expect(needed(old, { cpu: {} })).toEqual(['freezer', 'cpu,cpuacct', 'pids', 'memory']);
  });

  test('a missing controller is an error only if something is to be limited with it', () => {
    const bare = host(v2('pids'));
    expect(needed(bare)).toEqual(['pids']);
    expect(() => needed(bare, { memory: {} })).toThrow(
      expect.objectContaining({ code: 'CONTROLLER_UNAVAILABLE', path: '/estiba/x' }),
    );
  });
});

test('the root of a hierarchy is its mount point', () => {
  expect(placeIn(v2(), '/').directory).toBe('/cg');
  expect(placeIn(v2(), '/estiba/x').directory).toBe('/cg/estiba/x');
});

describe('the order of places', () => {
  const at = (hierarchy: Hierarchy) => placeIn(hierarchy, '/estiba/x');
  const namesOf = (places: readonly { hierarchy: Hierarchy }[]) =>
    places.map(({ hierarchy }) => `${hierarchy.controllers}`);

  test('what tracks the processes is first, and so removed last; the memory of v1 is last', () => {
    const [memory, pids, freezer] = [at(v1('memory')), at(v1('pids')), at(v1('freezer'))];
    expect(namesOf(inOrder([memory, pids, at(v2())]))).toEqual(['', 'pids', 'memory']);
    expect(namesOf(inOrder([memory, pids, freezer]))).toEqual(['freezer', 'pids', 'memory']);
    expect(namesOf(inOrder([pids, at(v2('memory'))]))).toEqual(['memory', 'pids']);
  });

  test('it stays, when hierarchies are added to the v2 one alone', () => {
    const pids = { ...v1('pids'), mountPoint: '/' };
    const memory = { ...v1('memory'), mountPoint: '/.' };
    const tree = at(v2());
    expect(namesOf(withAddedPlaces(host(memory, pids, v2()), [tree], ''))).toEqual(['', 'pids', 'memory']);
  });
});
