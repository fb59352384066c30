/** Our own packages, called as a program of their users would: from a warm process, to the end of the command. */
import { mkdirSync } from 'node:fs';
import { type RunOptions, run } from '@estiba/runtime';
import type { Child } from '@estiba/syscalls';
import type { OverlayOptions } from '@estiba/unionfs';
import type { Contender } from '../rounds.ts';

export const limits = { memory: { max: '64MiB' }, pids: { max: 64 }, cpu: { max: 0.5 } } as const;

export function ours(name: string, options: RunOptions): Contender {
  return { name, run: () => complete(run(['/bin/true'], { ...options, stdio: 'ignore' })) };
}

export async function complete(started: Promise<Child>): Promise<undefined> {
  const status = await (await started).wait();
  if (status.exitCode !== 0) throw new Error(`it ended with ${JSON.stringify(status)}`);
}

/** A tree with room for changes, on the file system of `folder`. */
export function overlayIn(folder: string, lower: string): OverlayOptions {
  const [upper, work] = [`${folder}/upper`, `${folder}/work`];
  for (const directory of [upper, work]) mkdirSync(directory, { recursive: true });
  return { lower: [lower], upper, work };
}
