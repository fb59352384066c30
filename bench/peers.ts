/** How programs that are not ours are run: with a home and settings of their own, and where they cannot change the machine. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { currentHost } from '../packages/cgroups/src/host.ts';
import { podmanSettings } from './contenders/podman.ts';
import type { Place } from './places.ts';
import { Starter } from './starter.ts';

export interface Programs extends AsyncDisposable {
  /** For everything but container runtimes. */
  readonly programs: Starter;
  /** For crun, runc and podman: crun refuses a machine with both versions of cgroups, so they see version 1 alone. */
  readonly runtimes: Starter;
}

export async function startPrograms([place]: readonly Place[], signal: AbortSignal): Promise<Programs> {
  const directory = join(place?.path ?? '', 'peers');
  for (const folder of ['home', 'tmp', 'run']) mkdirSync(join(directory, folder), { recursive: true, mode: 0o700 });
  const settings = join(directory, 'containers.conf');
  writeFileSync(settings, podmanSettings);
  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: join(directory, 'home'),
    TMPDIR: join(directory, 'tmp'),
    XDG_RUNTIME_DIR: join(directory, 'run'),
    CONTAINERS_CONF: settings,
  };
  // Where skopeo and podman keep a cache, whatever they are told.
  const without = ['/var/lib'];
  const { mode, unified } = currentHost();
  const version2 = mode === 'hybrid' && unified !== undefined ? [unified.mountPoint] : [];
  const stack = new AsyncDisposableStack();
  try {
    const start = (name: string, hidden: readonly string[]) =>
      Starter.start({ directory, name, env, without: [...without, ...hidden], signal });
    const programs = stack.use(await start('programs', []));
    const runtimes = stack.use(await start('runtimes', version2));
    return { programs, runtimes, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
