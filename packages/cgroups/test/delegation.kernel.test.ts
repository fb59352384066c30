import { chownSync, existsSync } from 'node:fs';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { Cgroup } from '../src/index.ts';
import { directories, place, views } from './views.ts';

const MiB = 1024 ** 2;

for (const [name, view] of views) {
  requires({ on: ['host', 'uml', 'qemu'], cgroup: true, root: true })(`a cgroup of root, ${name}`, () => ofRoot(view));
}

function ofRoot(view: string): void {
  const { create } = place(view);

  test('an ordinary user is told that it needs root or delegation, and what was refused', async () => {
    await using group = await create();
    const path = `${group.path}-refused`;
    await asUser(async () => {
      await expect(Cgroup.create(path)).rejects.toMatchObject({
        code: 'CGROUP_DENIED',
        path,
        file: expect.any(String),
      });
      await expect(group.set({ pids: { max: 3 } })).rejects.toMatchObject({ code: 'CGROUP_DENIED', value: '3' });
      await expect(group.freeze()).rejects.toMatchObject({
        code: 'CGROUP_DENIED',
        // The command that an administrator runs, and the way without one.
        message: expect.stringMatching(/: `chown \d+ \S+ \S+\/cgroup.procs .*`; or run under `systemd-run/),
      });
      await expect(group.remove()).rejects.toMatchObject({ code: 'CGROUP_DENIED' });
    });
    expect(directories(path)).toEqual([]);
  });

  test('an ordinary user can work in a folder that was delegated', async () => {
    await using delegated = await create({ pids: { max: 20 } });
    for (const directory of directories(delegated.path)) {
      for (const file of ['', '/cgroup.procs', '/cgroup.subtree_control']) {
        if (existsSync(directory + file)) chownSync(directory + file, NOBODY, NOBODY);
      }
    }
    await asUser(async () => {
      const limits = { memory: { max: '64MiB' }, pids: { max: 5 } } as const;
      await using group = await Cgroup.create(`${delegated.path}/mine`, limits, { folder: delegated.path });
      expect(await group.stat()).toMatchObject({ memory: { max: 64 * MiB }, pids: { max: 5 } });
    });
    expect(directories(`${delegated.path}/mine`)).toEqual([]);
  });
}

const NOBODY = 65_534;

async function asUser(work: () => Promise<void>): Promise<void> {
  process.seteuid?.(NOBODY);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}
