import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Cgroup, CgroupEvent, CgroupEventType } from '../src/index.ts';
import { startInside } from './inside.ts';
import { directories } from './views.ts';

const MiB = 1024 ** 2;

export interface Told {
  readonly events: CgroupEvent[];
  stop(): Promise<void>;
}

export function collect(group: Cgroup, types?: readonly CgroupEventType[]): Told {
  const iterator = group.events(types === undefined ? {} : { types });
  const events: CgroupEvent[] = [];
  const done = (async () => {
    for await (const event of iterator) events.push(event);
  })();
  return {
    events,
    async stop() {
      await iterator.return?.();
      await done;
    },
  };
}

export function sum(events: readonly CgroupEvent[], type: CgroupEventType): number {
  return events.reduce((total, event) => total + (event.type === type ? event.count : 0), 0);
}

/** Reads 128 MB at once, below a limit that has been read back. */
export async function eat(group: Cgroup): Promise<void> {
  const hog = await startInside(group, 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=128M', 'count=1');
  expect((await group.stat()).memory.max).toBeLessThanOrEqual(16 * MiB);
  hog.go();
  expect(await hog.ended).toMatchObject({ signal: 'SIGKILL' });
}

/** A shell that may have no second process, so many times. */
export async function failToFork(group: Cgroup, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    const shell = await startInside(group, 'sh', '-c', '(:); :');
    expect((await group.stat()).pids.max).toBe(1);
    shell.go();
    expect((await shell.ended).errors).toMatch(/fork/i);
  }
}

export function failedForks(group: Cgroup): number {
  const [file] = directories(group.path)
    .map((directory) => `${directory}/pids.events`)
    .filter((path) => existsSync(path));
  return Number(/max (\d+)/.exec(readFileSync(file as string, 'utf8'))?.[1]);
}
