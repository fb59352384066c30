import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect } from 'vitest';
import { currentHost, refreshHost } from '../src/host.ts';
import { Cgroup, type CreateOptions, cgroupFolder, type Limits } from '../src/index.ts';
import { placeIn } from '../src/place.ts';

export const mountinfo = process.platform === 'linux' ? readFileSync('/proc/self/mountinfo', 'utf8') : '';
export const isHybrid = / - cgroup2 /.test(mountinfo) && / - cgroup /.test(mountinfo);

/** Every view of this machine's cgroups that the package has to work with, as a mount table. */
export const views: [name: string, table: string][] = isHybrid
  ? [
      ['hybrid', mountinfo],
      ['v1', mountinfo.replaceAll(/^.* - cgroup2 .*\n/gm, '')],
    ]
  : [['as it is', mountinfo]];

/** For the tests of one group: they see the machine this way, and make their cgroups in one place that is gone afterwards. */
export function place(view: string): { create(limits?: Limits, options?: CreateOptions): Promise<Cgroup> } {
  let folder: string;
  let names = 0;

  beforeAll(async () => {
    refreshHost(view);
    folder = `${await cgroupFolder()}/test-${process.pid}`;
  });

  afterAll(async () => {
    refreshHost(mountinfo);
    await (await Cgroup.open(folder)).remove();
    expect(directories(folder)).toEqual([]);
  });

  return {
    create: (limits = {}, options = {}) => Cgroup.create(`${folder}/${++names}`, limits, { folder, ...options }),
  };
}

/** Those that a cgroup has now, in all hierarchies of the view. */
export function directories(path: string): string[] {
  const places = currentHost().hierarchies.map((hierarchy) => placeIn(hierarchy, path).directory);
  return places.filter((each) => existsSync(each));
}

export function isV2(controller: string): boolean {
  return currentHost().controllers.get(controller)?.version === 2;
}
