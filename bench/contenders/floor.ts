/** The floor: a C program that makes the system calls of `run`, generated from the program that `run` launches. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { containerSteps, planContainer, type RunOptions } from '@estiba/runtime';
import { type Fd, mountSetattr, openTree } from '@estiba/syscalls';
import { overlayTree } from '@estiba/unionfs';
// The inner parts of a cgroup: what `Cgroup.create` makes and writes, without making it.
import { checkLimits } from '../../packages/cgroups/src/checked-limits.ts';
import { currentHost } from '../../packages/cgroups/src/host.ts';
import { joinSteps } from '../../packages/cgroups/src/join.ts';
import { neededHierarchies, type Place, placeIn, placeOf } from '../../packages/cgroups/src/place.ts';
import { settingsFor } from '../../packages/cgroups/src/settings.ts';
import type { Bench } from '../bench.ts';
import { compileC } from '../native.ts';
import type { Contender } from '../rounds.ts';
import { CProgram } from './c-program.ts';

/** Needs root, and a cgroup of that name to be free. */
export async function floor(name: string, options: RunOptions, bench: Bench): Promise<Contender> {
  const directory = bench.folder('floor');
  writeFileSync(join(directory, 'steps.h'), await stepsOf(options, bench.cgroup('floor')));
  const program = compileC('floor', directory);
  return { name, run: () => bench.programs.run([program]) };
}

async function stepsOf(options: RunOptions, path: string): Promise<string> {
  using plan = await planContainer(['/bin/true'], { ...options, stdio: 'ignore' });
  const places = options.limits === undefined ? [] : placesOf(options, path);
  const cgroup = { join: () => joinSteps(places, path) };
  const steps = containerSteps({ ...plan, ...(places.length > 0 && { cgroup }) });
  const container = new CProgram(steps, plan.root.tree as Fd);
  const { steps: open, tree } = rootOf(options);
  return [
    ...cgroupOf(places, options, path),
    new CProgram(open).define('static int open_root(void)', tree),
    container.define('static int container(int root)'),
    '',
  ].join('\n');
}

function rootOf({ rootfs }: RunOptions) {
  if (typeof rootfs !== 'string') return overlayTree(rootfs);
  const tree = openTree(rootfs, ['clone', 'recursive']);
  return { steps: [tree, mountSetattr(tree, { propagation: 'private', recursive: true })], tree };
}

function placesOf({ limits = {} }: RunOptions, path: string): Place[] {
  return neededHierarchies(currentHost(), checkLimits(limits, path), path).map((each) => placeIn(each, path));
}

function cgroupOf(places: readonly Place[], { limits = {} }: RunOptions, path: string): string[] {
  const settings = places.flatMap((place) =>
    settingsFor(currentHost(), place, checkLimits(limits, path), { path, fresh: true }).flatMap((setting) =>
      'file' in setting ? [[`${place.directory}/${setting.file}`, setting.value]] : [],
    ),
  );
  const memory = placeOf(places, 'memory');
  const events = memory?.hierarchy.version === 1 ? 'memory.oom_control' : 'memory.events';
  const oom = memory === undefined ? '' : `${memory.directory}/${events}`;
  const text = (value: string | undefined) => JSON.stringify(value);
  return [
    `static const char *const DIRECTORIES[] = {${[...places.map((place) => text(place.directory)), '0'].join(', ')}};`,
    `static const struct setting SETTINGS[] = {${[...settings.map(([file, value]) => `{${text(file)}, ${text(value)}}`), '{0, 0}'].join(', ')}};`,
    `static const char OOM[] = ${text(oom)};`,
  ];
}
