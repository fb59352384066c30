import { expect, test } from 'vitest';
import { memorySettings } from '../../src/v2/memory.ts';

test('limits are the files of the same name', () => {
  expect(memorySettings({ max: 4096, high: 'max', low: 0, swap: 0 })).toEqual([
    { file: 'memory.low', value: '0' },
    { file: 'memory.high', value: 'max' },
    { file: 'memory.swap.max', value: '0' },
    { file: 'memory.max', value: '4096' },
  ]);
});

test('what is not given is not written', () => {
  expect(memorySettings({})).toEqual([]);
});
