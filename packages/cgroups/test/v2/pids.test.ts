import { writeFileSync } from 'node:fs';
import { scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { pidsSettings as v1PidsSettings } from '../../src/v1/pids.ts';
import { pidsSettings, readPids } from '../../src/v2/pids.ts';
import { written } from '../written.ts';

test('the limit is one file, the same on v1', () => {
  expect(written(pidsSettings, { max: 7 })).toEqual([['pids.max', '7']]);
  expect(written(v1PidsSettings, { max: 'max' })).toEqual([['pids.max', 'max']]);
});

test('what older kernels do not count is NaN, or left out', async () => {
  await using files = scratch();
  writeFileSync(files.join('pids.current'), '3\n');
  writeFileSync(files.join('pids.max'), 'max\n');
  const [current, max] = [3, Number.POSITIVE_INFINITY];
  expect(readPids(files.join('.'))).toEqual({ current, max, peak: Number.NaN, events: {} });
  writeFileSync(files.join('pids.peak'), '5\n');
  writeFileSync(files.join('pids.events'), 'max 2\nmax.imposed 1\n');
  expect(readPids(files.join('.'))).toEqual({ current, max, peak: 5, events: { max: 2, 'max.imposed': 1 } });
});
