import { Cgroup, type CgroupError, type CgroupErrorCode, type Limits, type Stat } from '@estiba/cgroups';

export const limits: Limits = {
  memory: { max: '64MiB', swap: 0 },
  cpu: { max: { quota: 5_000 } },
  pids: { max: 'max' },
};
export const group: Promise<Cgroup> = Cgroup.create('/estiba/typed', limits);
export const peak: Promise<number> = group.then((made) => made.stat()).then((stat: Stat) => stat.memory.peak);
export const disposable = async (): Promise<AsyncDisposable> => group;
export const code = (error: CgroupError): CgroupErrorCode => error.code;

// @ts-expect-error no such unit
Cgroup.create('/estiba/typed', { memory: { max: '64 apples' } });
// @ts-expect-error no such controller
Cgroup.create('/estiba/typed', { disk: { max: 1 } });
// @ts-expect-error cgroups are made by create
new Cgroup('/estiba/typed');
