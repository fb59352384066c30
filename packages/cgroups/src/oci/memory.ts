import type { MemoryLimits } from '../controllers/memory.ts';
import type { Reader } from './reader.ts';

/**
 * OCI counts as v1 does: `swap` is memory and swap together, 0 is nothing said, -1 no limit.
 * https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#memory
 */
export function memoryOfOci(memory: Reader, version: 1 | 2): { memory: MemoryLimits; checkBeforeUpdate: boolean } {
  const limit = said(memory.number('limit', -1));
  const reservation = said(memory.number('reservation', -1));
  const swap = swapOf(memory, memory.number('swap', -1) ?? 0, limit ?? 0);
  if (version === 2) memory.ignore('swappiness', V1_ONLY);
  const swappiness = memory.number('swappiness');
  const disableOomKiller = memory.boolean('disableOOMKiller') ?? false;
  if (version === 2 && disableOomKiller) memory.note('disableOOMKiller', V1_ONLY);
  const checkBeforeUpdate = memory.boolean('checkBeforeUpdate') ?? false;
  memory.ignore('kernel', 'kernel memory has no limit of its own any more (Linux 5.16); memory.limit includes it');
  memory.ignore('kernelTCP', 'buffers of TCP have no limit of their own; memory.limit includes them');
  const flat = memory.boolean('useHierarchy') === false;
  if (flat) memory.note('useHierarchy', 'limits hold for all below, since Linux 5.11 without exception');
  memory.end();
  return {
    memory: {
      ...(limit !== undefined && { max: bytes(limit) }),
      ...(reservation !== undefined && { low: bytes(reservation) }),
      ...(swap !== undefined && { swap: bytes(swap) }),
      ...(swappiness !== undefined && { swappiness }),
      ...(version === 1 && disableOomKiller && { oomKiller: false }),
    },
    checkBeforeUpdate,
  };
}

const V1_ONLY = 'cgroup v2 has no such file';

/**
 * Swap alone, of memory and swap together.
 * https://github.com/opencontainers/cgroups/blob/main/utils.go (ConvertMemorySwapToCgroupV2Value)
 */
function swapOf(memory: Reader, both: number, limit: number): number | undefined {
  // Who lifts the memory limit and says nothing of swap lifts both, as a v1 kernel would have it.
  if (both === 0) return limit === -1 ? -1 : undefined;
  if (both === -1 || limit === -1) return both;
  if (limit === 0) memory.refuse('swap', both, 'accompanied by memory.limit, which it includes');
  if (both < limit) memory.refuse('swap', both, `at least memory.limit, ${limit}, which it includes`);
  return both - limit;
}

function said(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value;
}

function bytes(value: number): number | 'max' {
  return value === -1 || !Number.isFinite(value) ? 'max' : value;
}
