import { setTimeout as sleep } from 'node:timers/promises';
import { command, launch } from '@estiba/syscalls';
import { requires, type Scratch, scratch } from '@estiba/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cgroup } from '../src/index.ts';
import { compile } from './compile.ts';
import { place, views } from './views.ts';

/** How often a bomb is set off, in each view: CI does so a hundred times. */
const rounds = Number(process.env.ESTIBA_BOMBS ?? 3);

const limits = { pids: { max: 1200 }, memory: { max: 2 ** 30, swap: 0 }, cpu: { max: 1.5 } } as const;

for (const [name, view] of views) {
  requires({ on: ['host', 'uml'], cgroup: true, root: true, command: 'cc' })(`a fork bomb, ${name}`, () => {
    const { create } = place(view);
    let files: Scratch;
    beforeAll(() => {
      files = scratch('bomb');
      compile('fork-bomb.c', files.join('bomb'));
    });
    afterAll(() => files[Symbol.dispose]());

    test.each(Array.from({ length: rounds }, (_, round) => round + 1))(
      'of a thousand processes is ended, the whole of it (%d)',
      async () => {
        await using group = await create(limits);
        await requireLimits(group);
        await using _ = await launch([group.join(), command([files.join('bomb')])], { stdio: 'ignore' });
        await expect
          .poll(async () => (await group.stat()).pids.current, { timeout: 50_000, interval: 10 })
          .toBeGreaterThan(1_000);
        await group.kill({ timeout: 30_000 });
        expect(await group.pids({ recursive: true })).toEqual([]);
        // Nobody got away to be seen a moment later.
        await sleep(20);
        expect(await group.pids({ recursive: true })).toEqual([]);
      },
      90_000,
    );
  });
}

/** The machine is not to be the test. */
async function requireLimits(group: Cgroup): Promise<void> {
  const { pids, memory } = await group.stat();
  if (pids.max !== limits.pids.max || memory.max !== limits.memory.max) throw new Error('the limits are not in force');
}
