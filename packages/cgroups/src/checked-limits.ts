import { invalid, isPlain, known } from './check.ts';
import { type CheckedCpu, checkCpu } from './controllers/cpu.ts';
import { type CpusetLimits, checkCpuset } from './controllers/cpuset.ts';
import { type CheckedDevices, checkDevices } from './controllers/devices.ts';
import { type CheckedHugetlb, checkHugetlb } from './controllers/hugetlb.ts';
import { type CheckedIo, checkIo } from './controllers/io.ts';
import { type CheckedMemory, checkMemory } from './controllers/memory.ts';
import { checkMisc, type MiscLimits } from './controllers/misc.ts';
import { type CheckedNetCls, checkNetCls } from './controllers/net-cls.ts';
import { checkNetPrio, type NetPrioLimits } from './controllers/net-prio.ts';
import { checkPids, type PidsLimits } from './controllers/pids.ts';
import { checkRdma, type RdmaLimits } from './controllers/rdma.ts';
import type { Limits } from './limits.ts';

/** Limits that the kernel can take, in its own units. */
export interface CheckedLimits {
  memory?: CheckedMemory;
  cpu?: CheckedCpu;
  cpuset?: CpusetLimits;
  pids?: PidsLimits;
  io?: CheckedIo;
  hugetlb?: CheckedHugetlb;
  rdma?: RdmaLimits;
  misc?: MiscLimits;
  devices?: CheckedDevices;
  netCls?: CheckedNetCls;
  netPrio?: NetPrioLimits;
  unified?: Readonly<Record<string, string>>;
  /** Nothing is limited there; the cgroup is only to be found by perf(1). */
  perfEvent?: Readonly<Record<string, never>>;
}

export type LimitName = keyof CheckedLimits;

/** Refuses what cannot be meant: a limit that is silently not in force would be worse than an error. */
export function checkLimits(limits: Limits, path: string): CheckedLimits {
  known(limits, Object.keys(checks), 'limits', path);
  const checked: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(limits)) {
    if (given !== undefined)
      checked[name] = (checks[name as keyof Limits] as (given: unknown, path: string) => unknown)(given, path);
  }
  return checked;
}

const checks: { [name in keyof Limits]-?: (given: NonNullable<Limits[name]>, path: string) => CheckedLimits[name] } = {
  memory: checkMemory,
  cpu: checkCpu,
  cpuset: checkCpuset,
  pids: checkPids,
  io: checkIo,
  hugetlb: checkHugetlb,
  rdma: checkRdma,
  misc: checkMisc,
  devices: checkDevices,
  netCls: checkNetCls,
  netPrio: checkNetPrio,
  unified: checkUnified,
};

function checkUnified(files: Readonly<Record<string, string>>, path: string): Readonly<Record<string, string>> {
  if (!isPlain(files)) throw invalid('unified', files, "write an object such as { 'memory.high': '1000000' }", path);
  for (const [file, value] of Object.entries(files)) {
    if (!/^[a-z][a-z0-9_]*(\.[A-Za-z0-9_-]+)+$/.test(file))
      throw invalid(file, value, 'it is no name of a control file: <controller>.<what>', path);
    if (typeof value !== 'string') throw invalid(file, value, 'write the text that goes into the file', path);
    // Nothing written is nothing done, and a line alone would be 0 to many a file: no memory at all.
    if (value.trim() === '')
      throw invalid(file, "''", "an empty text limits nothing; to empty a list use cpuset: { cpus: '' }", path);
  }
  return files;
}
