import type { CheckedLimits, LimitName } from './checked-limits.ts';
import type { Controller, Target } from './controller.ts';
import { homeOf } from './home.ts';
import type { Host } from './host.ts';
import type { Place } from './place.ts';
import { refusal } from './refusal.ts';
import type { Setting } from './setting.ts';
import { cpuSettings as v1CpuSettings } from './v1/cpu.ts';
import { cpusetSettings as v1CpusetSettings } from './v1/cpuset.ts';
import { devicesSettings as v1DevicesSettings } from './v1/devices.ts';
import { hugetlbSettings as v1HugetlbSettings } from './v1/hugetlb.ts';
import { ioSettings as v1IoSettings } from './v1/io.ts';
import { memorySettings as v1MemorySettings } from './v1/memory.ts';
import { miscSettings as v1MiscSettings } from './v1/misc.ts';
import { netClsSettings } from './v1/net-cls.ts';
import { netPrioSettings } from './v1/net-prio.ts';
import { pidsSettings as v1PidsSettings } from './v1/pids.ts';
import { rdmaSettings as v1RdmaSettings } from './v1/rdma.ts';
import { cpuSettings } from './v2/cpu.ts';
import { cpusetSettings } from './v2/cpuset.ts';
import { devicesSettings } from './v2/devices.ts';
import { hugetlbSettings } from './v2/hugetlb.ts';
import { ioSettings } from './v2/io.ts';
import { memorySettings } from './v2/memory.ts';
import { miscSettings } from './v2/misc.ts';
import { pidsSettings } from './v2/pids.ts';
import { rdmaSettings } from './v2/rdma.ts';

type Controllers = { readonly [name in LimitName]?: Controller<NonNullable<CheckedLimits[name]>> };

const v1: Controllers = {
  cpuset: v1CpusetSettings,
  cpu: v1CpuSettings,
  pids: v1PidsSettings,
  io: v1IoSettings,
  hugetlb: v1HugetlbSettings,
  rdma: v1RdmaSettings,
  misc: v1MiscSettings,
  devices: v1DevicesSettings,
  netCls: netClsSettings,
  netPrio: netPrioSettings,
  memory: v1MemorySettings,
};

const v2: Controllers = {
  cpuset: cpusetSettings,
  cpu: cpuSettings,
  pids: pidsSettings,
  io: ioSettings,
  hugetlb: hugetlbSettings,
  rdma: rdmaSettings,
  misc: miscSettings,
  devices: devicesSettings,
  memory: memorySettings,
  // Last: whoever writes a file by its name means it.
  unified: (files) =>
    Object.entries(files).flatMap(([file, text]) =>
      // The kernel takes one line with each write.
      text
        .split('\n')
        .filter((value) => value !== '')
        .map((value) => ({ file, value })),
    ),
};

/** What a place has to be told: those of the limits that are set there. */
export function settingsFor(
  host: Host,
  place: Place,
  limits: CheckedLimits,
  target: Omit<Target, 'directory'>,
): Setting[] {
  const { version, mountPoint } = place.hierarchy;
  const controllers = version === 2 ? v2 : v1;
  const names = (Object.keys(controllers) as LimitName[]).filter(
    (name) => limits[name] !== undefined && homeOf(host, name)?.mountPoint === mountPoint,
  );
  const { directory } = place;
  return names.flatMap((name) => {
    try {
      return (controllers[name] as Controller<unknown>)(limits[name], { ...target, directory });
    } catch (cause) {
      // What is in force had to be read.
      const file = fileOf(cause) ?? `${directory}/cgroup.procs`;
      throw refusal(cause, { attempt: `limit ${name} of ${target.path}: read ${file}`, path: target.path, file });
    }
  });
}

function fileOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'path' in cause && typeof cause.path === 'string' ? cause.path : undefined;
}
