import { rmSync, writeFileSync } from 'node:fs';
import { scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { checkLimits } from '../src/checked-limits.ts';
import { applySettings } from '../src/create.ts';
import type { Host } from '../src/host.ts';
import type { Limits } from '../src/limits.ts';
import type { Hierarchy } from '../src/mountinfo.ts';
import { placeIn } from '../src/place.ts';
import { settingsFor } from '../src/settings.ts';

test('what cannot be read of the limits in force is an error that says why', async () => {
  await using folder = await scratch();
  const { settings } = v2(folder.path, { cpu: { max: 0.5, burst: 1_000 } });
  expect(settings).toThrow(
    expect.objectContaining({
      code: 'CONTROLLER_UNAVAILABLE',
      path: '/',
      file: `${folder.path}/cpu.max.burst`,
      message: expect.stringContaining('Linux 5.14'),
    }),
  );
});

test('a weight of a disk that cannot be written names its file', async () => {
  await using folder = await scratch();
  const weighs = `${folder.path}/io.bfq.weight`;
  for (const file of [weighs, `${folder.path}/io.weight`]) writeFileSync(file, '');
  const { place, settings } = v2(folder.path, { io: { deviceWeights: [{ device: '7:0', weight: 200 }] } });
  const made = settings();
  rmSync(weighs);
  expect(() => applySettings(place, made, '/')).toThrow(
    expect.objectContaining({ code: 'CONTROLLER_UNAVAILABLE', file: weighs, value: '7:0 109' }),
  );
});

test('lines of a file are written one by one, and empty ones not at all', async () => {
  const { settings } = v2('/nowhere', { unified: { 'io.max': '\n8:0 rbps=1\n\n8:16 rbps=1\n' } });
  expect(settings()).toEqual([
    { file: 'io.max', value: '8:0 rbps=1' },
    { file: 'io.max', value: '8:16 rbps=1' },
  ]);
});

/** A folder as the root of a v2 tree, whose cgroup has been there. */
function v2(mountPoint: string, limits: Limits) {
  const unified: Hierarchy = { version: 2, mountPoint, root: '/', controllers: ['cpu', 'io'] };
  const controllers = new Map(unified.controllers.map((name) => [name, unified]));
  const host: Host = { mode: 'v2', hierarchies: [unified], unified, controllers };
  const place = placeIn(unified, '/');
  const settings = () => settingsFor(host, place, checkLimits(limits, '/'), { path: '/', fresh: false });
  return { place, settings };
}
