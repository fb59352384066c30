import type { CpuLimits } from '../controllers/cpu.ts';
import type { CpusetLimits } from '../controllers/cpuset.ts';
import type { Reader } from './reader.ts';

/** https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#cpu */
export function cpuOfOci(cpu: Reader, version: 1 | 2): { cpu: CpuLimits; cpuset: CpusetLimits } {
  const weight = weightOf(cpu.number('shares') ?? 0, version);
  const max = maxOf(cpu.number('quota', -1) ?? 0, cpu.number('period') ?? 0);
  const burst = cpu.number('burst');
  const idle = cpu.number('idle');
  if (idle !== undefined && idle > 1) cpu.refuse('idle', idle, '0 or 1');
  const realtime = version === 1 ? realtimeOf(cpu) : undefined;
  for (const key of ['realtimeRuntime', 'realtimePeriod']) cpu.ignore(key, NO_REALTIME);
  const cpus = cpu.text('cpus');
  const mems = cpu.text('mems');
  if (idle === 1 && weight !== undefined) cpu.note('shares', 'an idle cgroup has no weight');
  cpu.end();
  return {
    cpu: {
      ...(idle !== 1 && weight),
      ...(max !== undefined && { max }),
      ...(burst !== undefined && { burst }),
      ...(idle !== undefined && { idle: idle === 1 }),
      ...(realtime !== undefined && { realtime }),
    },
    cpuset: { ...(cpus !== undefined && { cpus }), ...(mems !== undefined && { mems }) },
  };
}

/**
 * Shares 2 to 262144 as a weight 1 to 10000; a curve through both ends and through both defaults, 1024 and 100. The line that
 * was used before, 1 + (shares - 2) * 9999 / 262142, made 39 of 1024: less than everybody outside had.
 * runc since 1.3.2 and crun since 1.23:
 * https://github.com/opencontainers/cgroups/blob/v0.0.5/utils.go (ConvertCPUSharesToCgroupV2Value)
 */
export function weightOfShares(shares: number): number {
  if (shares <= LEAST) return 1;
  if (shares >= MOST) return 10_000;
  const l = Math.log2(shares);
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34));
}

const NO_REALTIME = 'cgroup v2 has no budget for realtime processes';
const LEAST = 2;
const MOST = 262_144;

function weightOf(shares: number, version: 1 | 2): CpuLimits | undefined {
  if (shares === 0) return undefined;
  if (version === 2) return { weight: weightOfShares(shares) };
  return { shares: Math.min(MOST, Math.max(LEAST, shares)) };
}

/**
 * 0 is nothing said; of quota and period, what is not said stays as it is, as `runc update` has it.
 * https://github.com/opencontainers/runc/pull/2458
 */
function maxOf(quota: number, period: number): CpuLimits['max'] | undefined {
  if (quota === 0 && period === 0) return undefined;
  return { ...(quota !== 0 && { quota: quota > 0 ? quota : 'max' }), ...(period !== 0 && { period }) };
}

function realtimeOf(cpu: Reader): CpuLimits['realtime'] | undefined {
  const runtime = cpu.number('realtimeRuntime') ?? 0;
  const period = cpu.number('realtimePeriod') ?? 0;
  if (runtime === 0 && period === 0) return undefined;
  return { ...(runtime !== 0 && { runtime }), ...(period !== 0 && { period }) };
}
