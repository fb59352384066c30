import { writeFileSync } from 'node:fs';
import { scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { miscSettings, readMisc } from '../../src/v2/misc.ts';
import { written } from '../written.ts';

test('each resource is a write of its own', () => {
  expect(written(miscSettings, { max: { sev: 3, sev_es: 'max' } })).toEqual([
    ['misc.max', 'sev 3'],
    ['misc.max', 'sev_es max'],
  ]);
});

test('resources are told as numbers, the peak where the kernel keeps it', async () => {
  await using files = scratch();
  writeFileSync(files.join('misc.current'), 'sev 1\nsev_es 0\n');
  writeFileSync(files.join('misc.max'), 'sev 3\nsev_es max\n');
  writeFileSync(files.join('misc.events'), 'sev.max 2\n');
  const told = {
    current: { sev: 1, sev_es: 0 },
    max: { sev: 3, sev_es: Number.POSITIVE_INFINITY },
    events: { 'sev.max': 2 },
  };
  expect(readMisc(files.join('.'))).toEqual(told);
  writeFileSync(files.join('misc.peak'), 'sev 2\n');
  expect(readMisc(files.join('.'))).toEqual({ ...told, peak: { sev: 2 } });
});
