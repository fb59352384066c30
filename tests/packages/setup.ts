// Once for all files in this folder: every public package packed, and installed as a stranger would, outside of the workspace.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { type Scratch, scratch } from '../../packages/testkit/src/index.ts';
import { root } from '../project-files.ts';
import { killRunning } from './execute.ts';
import { install, installers } from './installers.ts';
import { table } from './table.ts';

export interface Places {
  /** By folder name of a package: its tarball. */
  readonly tarballs: Readonly<Record<string, string>>;
  /** By version, oldest first: the Nodes that the packages are tried on. */
  readonly nodes: Readonly<Record<string, string>>;
  /** By installer and its version: a project into which it has put all packages. */
  readonly projects: Readonly<Record<string, string>>;
  /** By folder name of a package: a project that has asked for nothing else. */
  readonly alone: Readonly<Record<string, string>>;
}

declare module 'vitest' {
  interface ProvidedContext {
    places: Places;
  }
}

let folder: Scratch | undefined;

/** Also when the run is interrupted while an installer is still writing. */
function remove(): void {
  killRunning();
  if (folder) rmSync(folder.path, { recursive: true, force: true, maxRetries: 10 });
}

export async function setup(project: Pick<TestProject, 'provide'>): Promise<void> {
  folder = scratch('packages');
  process.once('exit', remove);
  project.provide('places', await makePlaces(folder));
}

export function teardown(): void {
  remove();
  process.off('exit', remove);
}

/** What scripts/toolchain.mjs gives. */
type Tools = Pick<Places, 'nodes'> & { readonly oldNpm: string };

async function makePlaces(folder: Scratch): Promise<Places> {
  const took: string[][] = [];
  const timed = async <T>(what: string, work: Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await work;
    took.push([what, `${((performance.now() - start) / 1000).toFixed(1)} s`]);
    return result;
  };
  const { prepareNodes } = await import(join(root, 'scripts/toolchain.mjs'));
  const { pack } = await import(join(root, 'scripts/tarballs.mjs'));

  const { nodes, oldNpm } = await timed<Tools>('fetch the Nodes', prepareNodes());
  const tarballs: Places['tarballs'] = pack(root, folder.path);
  const names = Object.keys(tarballs);
  const [npm, ...others] = await installers({ oldNode: Object.values(nodes)[0] ?? '', oldNpm });
  const projects: Record<string, string> = {};
  for (const installer of [npm, ...others]) {
    const project = folder.join(installer.name.replace(' ', '-'));
    await timed(`${installer.name} installs all packages`, install(installer, project, names, tarballs));
    projects[installer.name] = project;
  }
  const alone = Object.fromEntries(names.map((name) => [name, folder.join('alone', name)]));
  const each = inLanes(names, (name) => install(npm, alone[name] ?? '', [name], tarballs));
  await timed(`${npm.name} installs each package alone`, each);
  console.log(`\n${table(took)}\n`);
  return { tarballs, nodes, projects, alone };
}

/** Two at a time: an installer waits for the network half of its time. */
async function inLanes(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  const waiting = [...names];
  const lane = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await work(name);
  };
  await Promise.all([lane(), lane()]);
}
