import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { requires } from '@estiba/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refreshHost } from '../src/host.ts';
import { Cgroup, cgroupFolder } from '../src/index.ts';
import { directories, mountinfo, views } from './views.ts';

const rounds = Array.from({ length: Number(process.env.ESTIBA_KILLS ?? 5) }, (_, round) => round);

// Everything that takes more than one step, over and over, until it is killed in the middle of one.
const work = `
  const [view, path, folder, args, cgroups, host, syscalls] = JSON.parse(process.argv[1]);
  const [{ Cgroup }, { refreshHost }, { command, launch }] = await Promise.all([cgroups, host, syscalls].map((each) => import(each)));
  refreshHost(view);
  await (await Cgroup.create(path + '/first', {}, { folder })).remove();
  console.log('begins');
  for (let round = 0; ; round++) {
    const group = await Cgroup.create(path + '/' + round, { memory: { max: '64MiB' }, pids: { max: 20 } }, { folder });
    const child = await launch([group.join(), command(args)], { stdio: 'ignore' });
    await group.set({ cpu: { max: 0.5 }, memory: { max: '128MiB' } });
    await group.freeze();
    await (await group.child('inner')).remove();
    await group.thaw();
    await group.kill();
    await group.remove();
  }`;

for (const [name, view] of views) {
  requires({ on: ['host', 'uml'], cgroup: true, root: true })(`a program that is killed, ${name}`, () => {
    beforeAll(() => void refreshHost(view));
    afterAll(() => void refreshHost(mountinfo));

    test.each(rounds)('leaves nothing that opening and removing does not clear (%d)', async (round) => {
      const path = await killedAfter(round, view, ['sleep', '60']);
      await (await Cgroup.open(path)).remove();
      expect(directories(path)).toEqual([]);
    });

    test.each(rounds)(
      'leaves the children of its children, which go with the cgroup if that is asked for (%d)',
      async (round) => {
        const path = await killedAfter(round, view, ['sh', '-c', 'sleep 60 & sleep 60']);
        await (await Cgroup.open(path)).remove({ kill: true });
        expect(directories(path)).toEqual([]);
      },
    );
  });
}

/** Where the program was at work. */
async function killedAfter(round: number, view: string, command: readonly string[]): Promise<string> {
  const folder = await cgroupFolder();
  const path = `${folder}/crash-${process.pid}`;
  const modules = ['../src/index.ts', '../src/host.ts', '../../syscalls/src/index.ts'].map((each) =>
    import.meta.resolve(each),
  );
  const argument = JSON.stringify([view, path, folder, command, ...modules]);
  const args = ['--conditions=estiba-source', '--input-type=module', '-e', work, argument];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  // Spread over a few rounds of what it does, which take 20 ms each.
  await sleep(((round * 37) % 100) + Math.random() * 20);
  child.kill('SIGKILL');
  expect(child.exitCode).toBeNull();
  if (child.signalCode === null) await once(child, 'exit');
  return path;
}
