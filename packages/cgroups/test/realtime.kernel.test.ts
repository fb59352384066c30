import { readFileSync } from 'node:fs';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { Cgroup } from '../src/index.ts';
import { startInside } from './inside.ts';
import { place, views } from './views.ts';

// Realtime budgets are a matter of v1, and of the real root: those above have to give what is to be had below.
requires({
  on: ['host'],
  path: '/sys/fs/cgroup/cpu/cpu.rt_runtime_us',
  cgroup: ['cpu'],
  root: true,
  command: ['chrt'],
})('a realtime budget', () => {
  const [[, view] = ['', '']] = views;
  const { create } = place(view);
  const realtime = (runtime: number) => ({ cpu: { realtime: { runtime } } });

  test('lets realtime processes in, and only with one', async () => {
    await using group = await create({ cpu: { weight: 100 } });
    const above = await ancestors(group.path);
    const refused = await startInside(group, ...REALTIME);
    refused.go();
    expect((await refused.ended).exitCode).not.toBe(0);
    await expect(group.set(realtime(1_000))).rejects.toMatchObject({
      code: 'LIMIT_INVALID',
      message: expect.stringContaining('every cgroup above needs as much realtime'),
    });
    try {
      for (const each of above) await each.set(realtime(1_000));
      await group.set(realtime(1_000));
      const allowed = await startInside(group, ...REALTIME);
      allowed.go();
      const policy = () => processPolicy(allowed.pid);
      await expect.poll(policy).toBe(SCHED_FIFO);
      await expect(group.set(realtime(0))).rejects.toMatchObject({
        code: 'CGROUP_BUSY',
        message: expect.stringContaining('realtime processes are in it'),
      });
      await group.kill();
      await allowed.ended;
      await group.set(realtime(0));
    } finally {
      for (const each of above.toReversed()) await each.set(realtime(0));
    }
  });
});

const REALTIME = ['chrt', '--fifo', '1', 'sleep', '60'];
const SCHED_FIFO = '1';

/** Those above a cgroup, the highest first, without the root. */
async function ancestors(path: string): Promise<Cgroup[]> {
  const names = path.split('/').slice(1, -1);
  return Promise.all(names.map((_, index) => Cgroup.open(`/${names.slice(0, index + 1).join('/')}`)));
}

/** proc_pid_stat(5), field 41; the second, in parentheses, may contain anything. */
function processPolicy(pid: number): string | undefined {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ');
  return fields[41 - 3];
}
