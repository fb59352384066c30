import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { startInside } from './inside.ts';
import { isLinux } from './kernel-version.ts';
import { collect, sum } from './told.ts';
import { mountinfo, place } from './views.ts';
import './watching.ts';

requires({ on: ['uml', 'qemu'], cgroup: ['pids'], root: true })('forks refused below a limit on v2', () => {
  const { create } = place(mountinfo);

  test('are counted where the limit is and above; before Linux 6.11 where the fork was', async () => {
    await using top = await create();
    const limited = await top.child('limited', { pids: { max: 1 } });
    const inner = await limited.child('inner', { pids: { max: 5 } });
    const told = collect(limited, ['pids-max']);
    const shell = await startInside(inner, 'sh', '-c', '(:); :');
    expect((await limited.stat()).pids).toMatchObject({ current: 1, max: 1 });
    shell.go();
    expect((await shell.ended).errors).toMatch(/fork/i);
    const groups = [top, limited, inner];
    const counts = await Promise.all(groups.map(async (group) => (await group.stat()).pids.events.max));
    const isOne = isLinux('6.11') ? [true, true, false] : [false, false, true];
    expect(counts.map((count) => count !== 0)).toEqual(isOne);
    if (isLinux('6.11')) await expect.poll(() => sum(told.events, 'pids-max'), { timeout: 5_000 }).toBe(counts[1]);
    await told.stop();
  });
});
