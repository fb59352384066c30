import { expect, test } from 'vitest';
import { memorySettings } from '../../src/v2/memory.ts';
import { readMemory } from '../../src/v2/memory-stat.ts';
import { inFolder } from '../in-folder.ts';
import { written } from '../written.ts';

test('limits are the files of the same name; the one that kills comes last', () => {
  expect(written(memorySettings, { max: 4096, high: 'max', low: 0, swap: 0 })).toEqual([
    ['memory.low', '0'],
    ['memory.high', 'max'],
    ['memory.swap.max', '0'],
    ['memory.max', '4096'],
  ]);
  const others = { min: 8192, swapHigh: 4096, zswap: 0, zswapWriteback: false, oomGroup: true } as const;
  expect(written(memorySettings, others)).toEqual([
    ['memory.min', '8192'],
    ['memory.oom.group', '1'],
    ['memory.zswap.writeback', '0'],
    ['memory.zswap.max', '0'],
    ['memory.swap.high', '4096'],
  ]);
});

test('what is not given is not written', () => {
  expect(written(memorySettings, {})).toEqual([]);
});

test('what only v1 has is refused, with what to use instead', () => {
  const refusal = (file: string, value: string, instead: string) =>
    expect.objectContaining({ code: 'CONTROLLER_UNAVAILABLE', file, value, message: expect.stringContaining(instead) });
  expect(() => written(memorySettings, { swappiness: 60 })).toThrow(refusal('memory.swappiness', '60', 'swap: 0'));
  expect(() => written(memorySettings, { oomKiller: false })).toThrow(
    refusal('memory.oom_control', 'false', 'memory.high'),
  );
  expect(written(memorySettings, { oomKiller: true })).toEqual([]);
});

const oldest = {
  'memory.current': '8192',
  'memory.max': 'max',
  'memory.high': '16384',
  'memory.low': '0',
  'memory.events': 'low 1\nhigh 2\nmax 3\noom 4\noom_kill 5',
  'memory.stat': 'anon 4096\nfile 0\nunheard_of 7',
};

test('every number of every file is read', () => {
  const newest = {
    ...oldest,
    'memory.peak': '12288',
    'memory.min': '4096',
    'memory.oom.group': '1',
    'memory.events': `${oldest['memory.events']}\noom_group_kill 6\nsock_throttled 7`,
    'memory.events.local': 'low 0\nhigh 0\nmax 0\noom 0\noom_kill 1\noom_group_kill 0',
    'memory.swap.current': '1',
    'memory.swap.peak': '2',
    'memory.swap.max': '3',
    'memory.swap.high': 'max',
    'memory.swap.events': 'high 1\nmax 2\nfail 3',
    'memory.zswap.current': '4',
    'memory.zswap.max': '5',
    'memory.zswap.writeback': '0',
    'memory.numa_stat': 'anon N0=4096 N1=0\nfile N0=0 N1=8192\nworkingset_refault_anon N0=1 N1=2',
  };
  expect(inFolder(newest, readMemory)).toEqual({
    current: 8192,
    peak: 12_288,
    max: Number.POSITIVE_INFINITY,
    high: 16_384,
    low: 0,
    min: 4096,
    oomKills: 5,
    oomGroup: true,
    swap: { current: 1, peak: 2, max: 3, high: Number.POSITIVE_INFINITY, events: { high: 1, max: 2, fail: 3 } },
    zswap: { current: 4, max: 5, writeback: false },
    events: { low: 1, high: 2, max: 3, oom: 4, oom_kill: 5, oom_group_kill: 6, sock_throttled: 7 },
    localEvents: { low: 0, high: 0, max: 0, oom: 0, oom_kill: 1, oom_group_kill: 0 },
    stat: { anon: 4096, file: 0, unheard_of: 7 },
    nodes: {
      0: { anon: 4096, file: 0, workingset_refault_anon: 1 },
      1: { anon: 0, file: 8192, workingset_refault_anon: 2 },
    },
  });
});

test('what came with a later kernel, or was not compiled in, is NaN or left out', () => {
  const { swap, zswap, ...rest } = inFolder(oldest, readMemory);
  expect(rest).toMatchObject({
    current: 8192,
    peak: Number.NaN,
    min: Number.NaN,
    oomKills: 5,
    localEvents: {},
    nodes: {},
  });
  expect(rest).not.toHaveProperty('oomGroup');
  expect(swap).toEqual({ current: Number.NaN, peak: Number.NaN, max: Number.NaN, high: Number.NaN, events: {} });
  expect(zswap).toEqual({ current: Number.NaN, max: Number.NaN });
});
