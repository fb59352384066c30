export type { Bytes } from './bytes.ts';
export { Cgroup, type CreateOptions } from './cgroup.ts';
export { CgroupError, type CgroupErrorCode } from './cgroup-error.ts';
export type { CgroupEvent, CgroupEventType, EventsOptions } from './cgroup-event.ts';
export { containerDevices } from './controllers/container-devices.ts';
export type { CpuCounters, CpuLimits, CpuStat, RealtimeLimits, UclampLimits } from './controllers/cpu.ts';
export type { CpusetLimits, CpusetStat, Partition } from './controllers/cpuset.ts';
export type { Device, DeviceRule } from './controllers/device-rule.ts';
export type { DevicesLimits } from './controllers/devices.ts';
export type { HugetlbLimit, HugetlbLimits, HugetlbPagesStat, HugetlbStat, PageSize } from './controllers/hugetlb.ts';
export type { IoLimits, IoMax, IoPriorityClass, IoStat } from './controllers/io.ts';
export type { MemoryLimits } from './controllers/memory.ts';
export type { MemoryCounters } from './controllers/memory-counters.ts';
export type {
  MemoryEvents,
  MemoryStat,
  SwapEvents,
  SwapStat,
  V1Counter,
  V1MemoryStat,
  ZswapStat,
} from './controllers/memory-stat.ts';
export type { MiscLimits, MiscStat } from './controllers/misc.ts';
export type { NetClsLimits } from './controllers/net-cls.ts';
export type { NetPrioLimits } from './controllers/net-prio.ts';
export type { PidsEvents, PidsLimits, PidsStat } from './controllers/pids.ts';
export type { RdmaLimits, RdmaResources, RdmaStat } from './controllers/rdma.ts';
export { type CgroupSupport, detectCgroups } from './detect.ts';
export type { DevicesInForce } from './devices-in-force.ts';
export { explainDevices } from './explain-devices.ts';
export { cgroupFolder, type FolderOptions } from './folder.ts';
export type { Limits } from './limits.ts';
export type { Hierarchy } from './mountinfo.ts';
export type { ControllerName } from './needed-controllers.ts';
export { weightOfShares } from './oci/cpu.ts';
export { limitsOfOci, type OciLimits, type OciOptions } from './oci/limits.ts';
export type { OciIgnored } from './oci/reader.ts';
export type { OciBlockIo, OciCpu, OciDevice, OciMemory, OciResources, OciThrottle } from './oci/resources.ts';
export type { PeakMeter } from './peak-meter.ts';
export { type Pressure, type PressureResource, type Stall, systemPressure } from './pressure.ts';
export type { ReclaimOptions } from './reclaim.ts';
export type { Stat, TreeCounters } from './stat.ts';
export { createScope, type ScopeOptions } from './systemd/scope.ts';
export type { CgroupType } from './threads.ts';
export type { WaitOptions } from './until.ts';
export type { MemoryNotice, ReclaimLevel, WatchOptions } from './watch-memory.ts';
export { type PressureEvent, type PressureTrigger, watchSystemPressure } from './watch-pressure.ts';
