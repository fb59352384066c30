import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { startInside } from './inside.ts';
import { place, views } from './views.ts';

for (const [name, view] of views) {
  requires({
    on: ['host', 'uml', 'qemu'],
    cgroup: ['pids'],
    root: true,
    command: ['perl'],
  })(`the processes of a cgroup, ${name}`, () => pids(view));
}

function pids(view: string): void {
  const { create } = place(view);

  test('a fork beyond the limit fails with EAGAIN, and is counted', async () => {
    await using group = await create({ pids: { max: 2 } });
    const parent = await startInside(group, 'perl', '-e', FORKS_TWICE);
    expect((await group.stat()).pids).toMatchObject({ current: 1, max: 2 });
    parent.go();
    expect(await parent.ended).toMatchObject({ exitCode: EAGAIN });
    const { pids } = await group.stat();
    expect(pids.events.max).toBe(1);
    if (!Number.isNaN(pids.peak)) expect(pids.peak).toBeGreaterThanOrEqual(2);
    await group.kill();
  });
}

// The first child is allowed; the exit code is the errno of the second.
const FORKS_TWICE = `
  my $child = fork;
  defined $child or exit 99;
  if ($child == 0) { sleep 60; exit }
  my $second = fork;
  my $errno = defined $second ? 98 : $! + 0;
  kill KILL => $child;
  exit $errno`;
const EAGAIN = 11;
