import { expect, test } from 'vitest';
import { cpuSettings } from '../../src/v2/cpu.ts';

test('quota and period are one line', () => {
  expect(cpuSettings({ max: { quota: 50_000, period: 100_000 }, weight: 7 })).toEqual([
    { file: 'cpu.weight', value: '7' },
    { file: 'cpu.max', value: '50000 100000' },
  ]);
  expect(cpuSettings({ max: { quota: 'max', period: 100_000 } })).toEqual([{ file: 'cpu.max', value: 'max 100000' }]);
});
