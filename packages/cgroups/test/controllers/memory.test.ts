import { describe, expect, test } from 'vitest';
import { checkMemory, type MemoryLimits } from '../../src/controllers/memory.ts';
import { pageSize } from '../../src/page-size.ts';

const check = (limits: unknown) => checkMemory(limits as MemoryLimits, '/estiba/x');

describe('checkMemory', () => {
  test('sizes become bytes, the rest stays', () => {
    const sizes = { max: '1GiB', high: '512MiB', low: '4KiB', min: 0, swap: 'max', swapHigh: '1MiB', zswap: 0 };
    const others = { zswapWriteback: false, oomGroup: true, swappiness: 0, oomKiller: false };
    expect(check({ ...sizes, ...others })).toEqual({
      ...{ max: 2 ** 30, high: 2 ** 29, low: 4096, min: 0, swap: 'max', swapHigh: 2 ** 20, zswap: 0 },
      ...others,
    });
  });

  test('less than a page would be nothing, and a page is what this machine has', () => {
    expect(check({ max: pageSize() })).toEqual({ max: pageSize() });
    expect(() => check({ max: pageSize() - 1 })).toThrow(`it must be at least one page, ${pageSize()}`);
  });

  const wrong: [string, unknown, string, string][] = [
    ['a slowdown below a page', { high: 4095 }, 'memory.high', '4095'],
    ['a negative protection', { min: -1 }, 'memory.min', '-1'],
    ['an absurd protection', { low: 2 ** 53 }, 'memory.low', '9007199254740992'],
    ['infinite swap, which is max', { swap: Number.POSITIVE_INFINITY }, 'memory.swap.max', 'Infinity'],
    ['a share of swap', { swapHigh: '50%' }, 'memory.swap.high', '50%'],
    ['negative zswap', { zswap: -4096 }, 'memory.zswap.max', '-4096'],
    ['a number as a switch', { oomGroup: 1 }, 'memory.oom.group', '1'],
    ['a text as a switch', { zswapWriteback: 'false' }, 'memory.zswap.writeback', 'false'],
    ['nothing as a switch', { oomKiller: null }, 'memory.oom_control', 'null'],
    ['too much swappiness', { swappiness: 201 }, 'memory.swappiness', '201'],
    ['negative swappiness', { swappiness: -1 }, 'memory.swappiness', '-1'],
    ['a limit of another name', { swapMax: 0 }, 'memory.swapMax', '0'],
  ];
  test.each(wrong)('refuses %s, and names file and value', (_, limits, file, value) => {
    expect(() => check(limits)).toThrow(
      expect.objectContaining({ name: 'CgroupError', code: 'LIMIT_INVALID', path: '/estiba/x', file, value }),
    );
  });
});
