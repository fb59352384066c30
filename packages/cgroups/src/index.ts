export type { Bytes } from './bytes.ts';
export { Cgroup, type CreateOptions } from './cgroup.ts';
export { CgroupError, type CgroupErrorCode } from './cgroup-error.ts';
export { type CgroupSupport, detectCgroups } from './detect.ts';
export { cgroupFolder } from './folder.ts';
export type { CpuLimits, CpusetLimits, Limits, MemoryLimits, PidsLimits } from './limits.ts';
export type { CpuStat, MemoryStat, PidsStat, Stat } from './stat.ts';
export type { WaitOptions } from './until.ts';
