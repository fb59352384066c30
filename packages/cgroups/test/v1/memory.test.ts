import { describe, expect, test } from 'vitest';
import { memorySettings } from '../../src/v1/memory.ts';

const settings = (
  ...args: Parameters<typeof memorySettings> extends [infer A, string, ...infer R] ? [A, ...R] : never
) => {
  const [limits, ...rest] = args;
  return memorySettings(limits, '/estiba/x', ...rest).map(({ file, value }) => [file.replace('memory.', ''), value]);
};
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

  test('refuses what it cannot express: high, and swap without memory', () => {
    expect(() => settings({ high: MiB })).toThrow(expect.objectContaining({ code: 'CONTROLLER_UNAVAILABLE' }));
    expect(() => settings({ swap: 0 })).toThrow(
      expect.objectContaining({ code: 'LIMIT_INVALID', file: 'memory.swap.max', value: '0' }),
    );
    expect(settings({ high: 'max', swap: 'max' })).toEqual([]);
  });
});
