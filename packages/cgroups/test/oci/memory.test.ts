import { describe, expect, test } from 'vitest';
import { limitsOfOci } from '../../src/oci/limits.ts';
import { ignoredOf, of } from './read.ts';

describe('memory', () => {
  // The table of runc: TestConvertMemorySwapToCgroupV2Value in utils_test.go of opencontainers/cgroups, in MiB.
  const MiB = 1024 ** 2;
  const table: [what: string, swap: number, limit: number, expected: number | 'max' | undefined][] = [
    ['nothing said', 0, 0, undefined],
    ['no limit of both, memory not said', -1, 0, 'max'],
    ['no limit of memory', 300, -1, 300],
    ['no limit of anything', -1, -1, 'max'],
    ['no limit of both, memory limited', -1, 1_000, 'max'],
    ['both together as much as memory', 1_000, 1_000, 0],
    ['both together more than memory', 500, 200, 300],
    // numToStr() of runc, and setMemoryAndSwap() of its v1.
    ['no limit of memory, nothing said of swap', 0, -1, 'max'],
  ];
  const scaled = (value: number) => (value > 0 ? value * MiB : value);
  test.each(table)('swap: %s', (_, swap, limit, expected) => {
    const result = of({ memory: { swap: scaled(swap), limit: scaled(limit) } }).memory?.swap;
    expect(result).toBe(typeof expected === 'number' ? expected * MiB : expected);
  });

  const refused: [what: string, swap: number, limit: number, file: string][] = [
    ['less than no limit', -2, 0, 'swap'],
    ['both together less than memory', 300, 400, 'swap'],
    ['both together, without memory', 300, 0, 'swap'],
    ['memory less than no limit', 300, -300, 'limit'],
  ];
  test.each(refused)('swap is refused: %s', (_, swap, limit, file) => {
    expect(() => of({ memory: { swap, limit } })).toThrow(
      expect.objectContaining({ code: 'LIMIT_INVALID', file: `linux.resources.memory.${file}` }),
    );
  });

  test('limits are those of v2: 0 says nothing, -1 and what no machine has are no limit', () => {
    expect(of({ memory: { limit: 64 * MiB, reservation: 32 * MiB } })).toEqual({
      memory: { max: 64 * MiB, low: 32 * MiB },
    });
    expect(of({ memory: { limit: 0, reservation: 0, swap: 0 } })).toEqual({});
    expect(of({ memory: { limit: 2 ** 63 - 4_096, reservation: -1 } })).toEqual({
      memory: { max: 'max', low: 'max' },
    });
  });

  test('kernel memory is ignored, and said to be', () => {
    expect(ignoredOf({ memory: { kernel: 1, kernelTCP: 2, useHierarchy: false } })).toEqual([
      'memory.kernel',
      'memory.kernelTCP',
      'memory.useHierarchy',
    ]);
    expect(ignoredOf({ memory: { useHierarchy: true, disableOOMKiller: false } })).toEqual([]);
  });

  test('what only v1 has is for v1', () => {
    const memory = { swappiness: 10, disableOOMKiller: true };
    expect(of({ memory }, 1)).toEqual({ memory: { swappiness: 10, oomKiller: false } });
    expect(of({ memory })).toEqual({});
    expect(ignoredOf({ memory })).toEqual(['memory.swappiness', 'memory.disableOOMKiller']);
  });

  test('an update that has to look first says so', () => {
    const check = (memory: object) => limitsOfOci({ memory }, { version: 2 }).checkBeforeUpdate;
    expect(check({ limit: 1, checkBeforeUpdate: true })).toBe(true);
    expect(check({ limit: 1 })).toBe(false);
  });
});
