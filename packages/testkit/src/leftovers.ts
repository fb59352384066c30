import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupTraces } from './observe/cgroups.ts';
import { descriptorTraces } from './observe/descriptors.ts';
import { mountTraces } from './observe/mounts.ts';
import { namespaceTraces } from './observe/namespaces.ts';
import { allProcesses, descendants, markChildren, processTraces } from './observe/processes.ts';
import { temporaryFileTraces } from './observe/temporary-files.ts';
import type { Trace } from './observe/trace.ts';
import { othersAreRunning } from './other-runs.ts';

export interface LeftoversOptions {
  /** How long things may take to go away after the last exit, in milliseconds: the kernel tears down lazily. */
  within?: number;
}

/**
 * Take stock of what this machine holds; the function returned tells what has come to stay since: mounts, cgroups below
 * `/estiba` in any hierarchy, namespaces, processes and zombies, descriptors, temporary files. Empty when nothing has.
 *
 *     const left = leftovers();
 *     …
 *     expect(await left()).toEqual([]);
 *
 * Where other programs of the project run at the same time, only what is certainly of this process is told.
 */
export function leftovers({ within = 1_000 }: LeftoversOptions = {}): () => Promise<string[]> {
  if (process.platform !== 'linux') return async () => [];
  markChildren();
  const before = new Set(observe().map(({ key }) => key));
  return async () => {
    const deadline = performance.now() + within;
    for (;;) {
      const added = observe().filter(({ key }) => !before.has(key));
      if (added.length === 0) return [];
      if (performance.now() >= deadline) return told(added);
      await sleep(20);
    }
  };
}

/** Every trace, its key made unique across kinds. */
function observe(): Trace[] {
  const all = allProcesses();
  const tree = descendants(all, process.pid);
  const kinds = {
    // An ordinary user mounts nothing here; what comes and goes is somebody else's.
    mount: process.geteuid?.() === 0 ? mountTraces() : [],
    cgroup: cgroupTraces(tree),
    namespace: namespaceTraces(all, tree),
    process: processTraces(all),
    descriptor: descriptorTraces(),
    file: temporaryFileTraces(),
  };
  return Object.entries(kinds).flatMap(([kind, traces]) =>
    traces.map((trace) => ({ ...trace, key: `${kind} ${trace.key}` })),
  );
}

function told(added: Trace[]): string[] {
  const certain = added.every(({ ours }) => ours) || !othersAreRunning();
  return added.filter(({ ours }) => ours || certain).map(({ text }) => text);
}
