import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { requires, scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { killAll } from '../src/kill.ts';
import { startInside } from './inside.ts';
import { place, views } from './views.ts';

for (const [name, view] of views) {
  requires({ on: ['host'], cgroup: ['pids', 'cpuset'], root: true })(`killing, ${name}`, () => {
    const { create } = place(view);

    test('takes few descriptors, however many there are to be killed', async () => {
      await using group = await create({ pids: { max: 400 } });
      const script = 'i=0; while [ $i -lt 300 ]; do sleep 60 & i=$((i+1)); done; wait';
      const crowd = await startInside(group, 'sh', '-c', script);
      expect((await group.stat()).pids.max).toBe(400);
      crowd.go();
      await expect.poll(async () => (await group.pids()).length, { timeout: 10_000 }).toBe(301);
      const killer = withFewDescriptors(`
        const { Cgroup } = await import(${JSON.stringify(import.meta.resolve('../src/index.ts'))});
        const { refreshHost } = await import(${JSON.stringify(import.meta.resolve('../src/host.ts'))});
        refreshHost(${JSON.stringify(view)});
        await (await Cgroup.open('${group.path}')).kill();
        console.log('killed');`);
      expect(await text(killer.stdout)).toBe('killed\n');
      expect(await group.pids()).toEqual([]);
      expect(await crowd.ended).toMatchObject({ signal: 'SIGKILL' });
    });

    test('with one descriptor left cgroup.kill does its work, and the error of pidfds says so and names the cgroup', async () => {
      await using group = await create({ pids: { max: 10 } });
      for (let started = 0; started < 2; started++) (await startInside(group, 'sleep', '60')).go();
      const killer = withFewDescriptors(`
        const { openSync, closeSync } = await import('node:fs');
        const { Cgroup, watchSystemPressure } = await import(${JSON.stringify(import.meta.resolve('../src/index.ts'))});
        const { refreshHost } = await import(${JSON.stringify(import.meta.resolve('../src/host.ts'))});
        refreshHost(${JSON.stringify(view)});
        const group = await Cgroup.open('${group.path}');
        const told = ({ name, code, path, message }) => console.log(name, code, path, message);
        // So that all is loaded.
        await group.events().return();
        const taken = [];
        for (;;) try { taken.push(openSync('/dev/null')); } catch { break; }
        closeSync(taken.pop());
        await group.kill().then(() => console.log('killed'), told);
        taken.push(openSync('/dev/null'));
        try { group.events(); } catch (error) { told(error); }
        // For the trigger, and none for what waits for it.
        closeSync(taken.pop());
        const trigger = { kind: 'some', stallMicros: 1_900_000, windowMicros: 2_000_000 };
        try { watchSystemPressure('memory', trigger); } catch (error) { told(error); }`);
      const [killing, watching, feeling] = (await text(killer.stdout)).split('\n');
      if (name === 'hybrid') expect(killing).toBe('killed');
      else
        expect(killing).toMatch(
          /^CgroupError CGROUP_DENIED (\S+) cannot kill .* \1: pidfd_open: EMFILE; .*RLIMIT_NOFILE/,
        );
      expect(watching).toMatch(/^CgroupError CGROUP_DENIED (\S+) cannot watch \1: \w+: EMFILE; .*RLIMIT_NOFILE/);
      if (existsSync('/proc/pressure'))
        expect(feeling).toMatch(
          /^CgroupError CGROUP_DENIED \/ cannot watch .* \/: epoll_create1: EMFILE; .*RLIMIT_NOFILE/,
        );
    });

    test('processes of another pid namespace are killed on v2, and v1 keeps them from all but remove, which says so', async () => {
      await using group = await create({ pids: { max: 10 } });
      const { ended, pid } = await startInside(group, 'sleep', '60');
      const killer = inNewPidNamespace(`
        const { Cgroup } = await import(${JSON.stringify(import.meta.resolve('../src/index.ts'))});
        const { refreshHost } = await import(${JSON.stringify(import.meta.resolve('../src/host.ts'))});
        refreshHost(${JSON.stringify(view)});
        const group = await Cgroup.open('${group.path}');
        console.log(await group.pids());
        const told = ({ code, message }) => console.log(code, message);
        await group.set({ cpuset: { cpus: '0' } }).then(() => console.log('limited'), told);
        await group.remove({ timeout: 0 }).catch(told);
        await group.kill({ timeout: 5_000 }).then(() => console.log('killed'), told);`);
      const [pids, limiting, removing, killing] = (await text(killer.stdout)).split('\n');
      expect(pids).toBe('[]');
      expect(removing).toMatch(/^CGROUP_BUSY .* processes of another pid namespace;/);
      if (name === 'hybrid') {
        expect(limiting).toMatch(/^CGROUP_BUSY cannot limit .*: a process of another pid namespace is in it/);
        expect(killing).toBe('killed');
        expect(await ended).toMatchObject({ signal: 'SIGKILL' });
      } else {
        // Not even the kernel tells of them; who is asked to remove finds out, as above.
        expect(limiting).toBe('limited');
        expect(killing).toBe('killed');
        expect(await group.pids()).toEqual([pid]);
      }
    });
  });
}

requires({ on: ['host'], root: true })('who may not signal', () => {
  test('is told so, after all others have been killed', async () => {
    using files = scratch();
    const [theirs, own] = [sleepAs(NOBODY - 1), sleepAs(NOBODY)];
    writeFileSync(files.join('cgroup.procs'), `${theirs.pid}\n${own.pid}\n`);
    const hierarchy = { version: 1 as const, mountPoint: files.path, root: '/', controllers: ['pids'] };
    const ended = once(own, 'exit');
    process.seteuid?.(NOBODY);
    try {
      await expect(killAll([{ directory: files.path, hierarchy }], '/x', { timeout: 1_000 })).rejects.toMatchObject({
        code: 'CGROUP_DENIED',
        path: '/x',
        pids: [theirs.pid],
        message: expect.stringMatching(/^cannot kill the processes of \/x: signal \d+: EPERM; .*CAP_KILL/),
      });
    } finally {
      process.seteuid?.(0);
      theirs.kill('SIGKILL');
    }
    expect((await ended)[1]).toBe('SIGKILL');
  });
});

const NOBODY = 65_534;

function sleepAs(user: number) {
  return spawn('sleep', ['60'], { uid: user, gid: user, stdio: 'ignore', timeout: 20_000 });
}

function inNewPidNamespace(script: string) {
  const node = [process.execPath, '--conditions=estiba-source', '--no-warnings', '--input-type=module', '-e', script];
  return spawn('unshare', ['--pid', '--fork', '--kill-child', '--mount-proc', ...node], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 25_000,
  });
}

function withFewDescriptors(script: string) {
  const node = [process.execPath, '--conditions=estiba-source', '--no-warnings', '--input-type=module', '-e', script];
  return spawn('sh', ['-c', 'ulimit -n 200 && exec "$@"', 'sh', ...node], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 25_000,
  });
}
