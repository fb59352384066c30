import { expect, test } from 'vitest';
import { readLocalThrottling } from '../src/v1/cpu.ts';
import { readCpu } from '../src/v2/cpu.ts';
import { readMisc } from '../src/v2/misc.ts';
import { readPids } from '../src/v2/pids.ts';
import { readTree } from '../src/v2/tree.ts';
import { inFolder } from './in-folder.ts';

const pids = { 'pids.current': '1', 'pids.max': 'max', 'pids.events': 'max 7' };
const misc = { 'misc.current': '', 'misc.max': '', 'misc.events': 'sev.max 7' };
const cpu = { 'cpu.stat': 'usage_usec 9' };

test('counters without those of the cgroups below are told where the kernel keeps them', () => {
  expect(inFolder({ ...pids, 'pids.events.local': 'max 2' }, readPids).localEvents).toEqual({ max: 2 });
  expect(inFolder({ ...misc, 'misc.events.local': 'sev.max 2' }, readMisc).localEvents).toEqual({ 'sev.max': 2 });
  expect(inFolder({ ...cpu, 'cpu.stat.local': 'throttled_usec 3' }, readCpu).localStat).toEqual({ throttled_usec: 3 });
  expect(inFolder({ 'cpu.stat.local': 'throttled_time 3000' }, readLocalThrottling)).toEqual({ throttled_usec: 3 });
});

test('and are not mentioned on older kernels', () => {
  expect(inFolder(pids, readPids)).not.toHaveProperty('localEvents');
  expect(inFolder(misc, readMisc)).not.toHaveProperty('localEvents');
  expect(inFolder(cpu, readCpu)).not.toHaveProperty('localStat');
  expect(inFolder({}, readLocalThrottling)).toBeUndefined();
});

test('what the v2 tree counts of itself comes from two files, of which the second is newer', () => {
  const tree = { 'cgroup.stat': 'nr_descendants 3\nnr_dying_descendants 1' };
  expect(inFolder(tree, readTree)).toEqual({ nr_descendants: 3, nr_dying_descendants: 1 });
  expect(inFolder({ ...tree, 'cgroup.stat.local': 'frozen_usec 5' }, readTree)).toMatchObject({ frozen_usec: 5 });
  expect(inFolder({}, readTree)).toBeUndefined();
});
