import { describe, expect, test } from 'vitest';
import type { CheckedMemory } from '../../src/controllers/memory.ts';
import { memorySettings } from '../../src/v1/memory.ts';
import { readMemory } from '../../src/v1/memory-stat.ts';
import { inFolder } from '../in-folder.ts';
import { rewritten, written } from '../written.ts';

function settings(limits: CheckedMemory, inForce?: { memory: number; memoryAndSwap: number }): string[][] {
  const text = (bytes: number) => (bytes === Number.POSITIVE_INFINITY ? '9223372036854771712' : `${bytes}`);
  const files = inForce && {
    'memory.limit_in_bytes': text(inForce.memory),
    ...(!Number.isNaN(inForce.memoryAndSwap) && { 'memory.memsw.limit_in_bytes': text(inForce.memoryAndSwap) }),
  };
  const list = files === undefined ? written(memorySettings, limits) : rewritten(memorySettings, limits, files);
  return list.map(([file = '', value = '']) => [file.replace('memory.', ''), value]);
}
const MiB = 1024 ** 2;

describe('memory on v1', () => {
  test('memory alone leaves swap unlimited', () => {
    expect(settings({ max: 64 * MiB })).toEqual([['limit_in_bytes', '67108864']]);
  });

  test('the second limit is memory and swap together, and comes second', () => {
    expect(settings({ max: 64 * MiB, swap: 0 })).toEqual([
      ['limit_in_bytes', '67108864'],
      ['memsw.limit_in_bytes', '67108864'],
    ]);
    expect(settings({ max: 64 * MiB, swap: 1 * MiB })[1]).toEqual(['memsw.limit_in_bytes', '68157440']);
  });

  test('when memory rises above the old sum, the sum rises first', () => {
    expect(settings({ max: 128 * MiB }, { memory: 64 * MiB, memoryAndSwap: 96 * MiB })).toEqual([
      ['memsw.limit_in_bytes', `${160 * MiB}`],
      ['limit_in_bytes', `${128 * MiB}`],
    ]);
  });

  test('when memory sinks, it sinks first and keeps its allowance for swap', () => {
    expect(settings({ max: 32 * MiB }, { memory: 64 * MiB, memoryAndSwap: 96 * MiB })).toEqual([
      ['limit_in_bytes', `${32 * MiB}`],
      ['memsw.limit_in_bytes', `${64 * MiB}`],
    ]);
  });

  test('swap alone is added to the memory limit in force', () => {
    const inForce = { memory: 64 * MiB, memoryAndSwap: Number.POSITIVE_INFINITY };
    expect(settings({ swap: 0 }, inForce)).toEqual([['memsw.limit_in_bytes', `${64 * MiB}`]]);
  });

  test('lifting the limit lifts both, the sum first', () => {
    expect(settings({ max: 'max' }, { memory: 64 * MiB, memoryAndSwap: 64 * MiB })).toEqual([
      ['memsw.limit_in_bytes', '-1'],
      ['limit_in_bytes', '-1'],
    ]);
  });

  test('a kernel that does not account swap is not asked to, unless swap is given', () => {
    const inForce = { memory: 64 * MiB, memoryAndSwap: Number.NaN };
    expect(settings({ max: 32 * MiB }, inForce)).toEqual([['limit_in_bytes', `${32 * MiB}`]]);
    expect(settings({ swap: 0 }, inForce)).toEqual([['memsw.limit_in_bytes', `${64 * MiB}`]]);
  });

  test('low is the soft limit', () => {
    expect(settings({ low: MiB })).toEqual([['soft_limit_in_bytes', `${MiB}`]]);
    expect(settings({ low: 0 })).toEqual([['soft_limit_in_bytes', '0']]);
  });

  test('swappiness and the OOM killer come before the limits, which act at once', () => {
    expect(settings({ max: MiB, swappiness: 0, oomKiller: false })).toEqual([
      ['swappiness', '0'],
      ['oom_control', '1'],
      ['limit_in_bytes', `${MiB}`],
    ]);
    expect(settings({ oomKiller: true })).toEqual([['oom_control', '0']]);
  });

  test('refuses swap without memory', () => {
    expect(() => settings({ swap: 0 })).toThrow(
      expect.objectContaining({ code: 'LIMIT_INVALID', file: 'memory.swap.max', value: '0' }),
    );
  });

  const onlyV2: [CheckedMemory, string, string][] = [
    [{ high: MiB }, 'memory.high', 'use memory.max'],
    [{ min: MiB }, 'memory.min', 'use memory.low'],
    [{ swapHigh: MiB }, 'memory.swap.high', 'use memory.swap'],
    [{ zswap: 0 }, 'memory.zswap.max', 'use memory.swap'],
    [{ zswapWriteback: false }, 'memory.zswap.writeback', 'use memory.swap'],
    [{ oomGroup: true }, 'memory.oom.group', 'kill()'],
  ];
  test.each(onlyV2)('refuses %j, with what to use instead', (limits, file, instead) => {
    const message = expect.stringContaining(instead);
    expect(() => settings(limits)).toThrow(expect.objectContaining({ code: 'CONTROLLER_UNAVAILABLE', file, message }));
  });

  test('takes what asks for nothing that v1 lacks', () => {
    const nothing = { high: 'max', swap: 'max', swapHigh: 'max', zswap: 'max', min: 0 } as const;
    expect(settings({ ...nothing, zswapWriteback: true, oomGroup: false })).toEqual([]);
  });

  test('every number is read, under the names of v2', () => {
    const counter = (name: string, [current, peak, max, failures]: string[]) => ({
      [`${name}.usage_in_bytes`]: current ?? '',
      [`${name}.max_usage_in_bytes`]: peak ?? '',
      [`${name}.limit_in_bytes`]: max ?? '',
      [`${name}.failcnt`]: failures ?? '',
    });
    const none = '9223372036854771712';
    const files = {
      ...counter('memory', ['10', '20', '30', '4']),
      ...counter('memory.memsw', ['15', '25', '50', '5']),
      ...counter('memory.kmem', ['1', '2', none, '0']),
      'memory.soft_limit_in_bytes': none,
      'memory.oom_control': 'oom_kill_disable 1\nunder_oom 1\noom_kill 6',
      'memory.swappiness': '60',
      'memory.stat': 'cache 1\ntotal_cache 2\ntotal_swap 5',
      'memory.numa_stat': 'total=3 N0=1 N1=2\nhierarchical_total=4 N0=4 N1=0',
    };
    expect(inFolder(files, readMemory)).toEqual({
      current: 10,
      peak: 20,
      max: 30,
      high: Number.NaN,
      low: Number.POSITIVE_INFINITY,
      min: Number.NaN,
      oomKills: 6,
      swap: { current: 5, peak: Number.NaN, max: 20, high: Number.NaN, events: {} },
      zswap: { current: Number.NaN, max: Number.NaN },
      events: { max: 9, oom_kill: 6 },
      localEvents: { max: 9, oom_kill: 6 },
      stat: { cache: 1, total_cache: 2, total_swap: 5 },
      nodes: { 0: { total: 1, hierarchical_total: 4 }, 1: { total: 2, hierarchical_total: 0 } },
      v1: {
        memoryAndSwap: { current: 15, peak: 25, max: 50, failures: 5 },
        kernel: { current: 1, peak: 2, max: Number.POSITIVE_INFINITY, failures: 0 },
        kernelTcp: { current: Number.NaN, peak: Number.NaN, max: Number.NaN, failures: Number.NaN },
        swappiness: 60,
        oomKiller: false,
        underOom: true,
      },
    });
  });
});
