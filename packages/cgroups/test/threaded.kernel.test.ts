import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { command, launch } from '@estiba/syscalls';
import { requires, scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { currentHost } from '../src/host.ts';
import { Cgroup, type Limits } from '../src/index.ts';
import { placeIn } from '../src/place.ts';
import { splitProcesses } from '../src/v1/split-process.ts';
import { compile } from './compile.ts';
import { type Inside, startInside } from './inside.ts';
import { directories, mountinfo, place, views } from './views.ts';

// With v2 alone: pids and cpu are the controllers that a cgroup with processes can enable, and it is threaded then.
requires({ on: ['uml'], cgroup: true })('threaded cgroups', () => {
  const { create } = place(mountinfo);

  test('a cgroup with processes does not become one, whatever is to be limited below', async () => {
    await using group = await create();
    const sleeper = await startInside(group, 'sleep', '60');
    const limited = group.child('inner', { pids: { max: 3 } });
    await expect(limited).rejects.toMatchObject({ code: 'CGROUP_BUSY', pids: [sleeper.pid] });
    await (await group.child('counted')).remove();
    expect(readFileSync(`${only(group)}/cgroup.type`, 'utf8')).toBe('domain\n');
    expect(readFileSync(`${only(group)}/cgroup.subtree_control`, 'utf8').trim()).toBe('');
  });

  test('what cannot be read or made there is refused in words', async () => {
    await using group = await create();
    mkdirSync(`${only(group)}/threads`);
    writeFileSync(`${only(group)}/threads/cgroup.type`, 'threaded');
    expect(await group.pids({ recursive: true })).toEqual([]);
    const threads = await Cgroup.open(`${group.path}/threads`);
    const denied = { code: 'CGROUP_DENIED', message: expect.stringContaining('is threaded') };
    await expect(threads.pids()).rejects.toMatchObject(denied);
    await expect(threads.child('inner', { pids: { max: 3 } })).rejects.toMatchObject(denied);
  });
});

for (const [name, view] of views) {
  requires({ on: ['host', 'uml'], cgroup: true, root: true, command: 'cc' })(
    `the threads of a process, ${name}`,
    () => {
      const { create } = place(view);
      // v1: in a hierarchy that no test here has used before.
      const more: Limits = name === 'as it is' ? { cpu: { max: 0.5 } } : { cpuset: { cpus: '0' } };

      test('can be in different cgroups below the one of the process', async () => {
        await using group = await create();
        const node = await startNode(group);
        const slow = await group.threadedChild('slow', { cpu: { max: 0.1 }, pids: { max: 50 } });
        const other = await group.threadedChild('other');
        const [, first = 0, second = 0] = threadsOf(node.pid);
        await slow.addThread(first);
        await other.addThread(second);
        expect(await slow.threads()).toEqual([first]);
        expect(await other.threads()).toEqual([second]);
        expect(await group.threads()).toEqual(expect.arrayContaining([node.pid]));
        const isOnV2 = directories(group.path).some((directory) => existsSync(`${directory}/cgroup.type`));
        expect([await group.type(), await slow.type()]).toEqual(
          isOnV2 ? ['domain threaded', 'threaded'] : ['domain', 'domain'],
        );
        await expect(slow.addThread(2 ** 22 - 1)).rejects.toMatchObject({ code: 'PROCESS_GONE' });
      });

      test('are not killed one by one, and are in the way of removing, which names them', async () => {
        await using group = await create();
        const { node, inner, thread } = await threadInside(group);
        const isOnV2 = (await inner.type()) === 'threaded';
        const threaded = { code: 'CGROUP_DENIED', message: expect.stringContaining('threaded') };
        await expect(inner.kill()).rejects.toMatchObject(threaded);
        await expect(inner.remove({ timeout: 50 })).rejects.toMatchObject({
          code: 'CGROUP_BUSY',
          // v1 names the process.
          pids: [isOnV2 ? thread : node.pid],
        });
        expect(process.kill(node.pid, 0)).toBe(true);
        await group.kill();
        expect(await node.ended).toMatchObject({ signal: 'SIGKILL' });
      });

      test('that come and go make no difference: the process is killed as a whole', async () => {
        using files = scratch('churn');
        compile('thread-churn.c', files.join('churn'));
        await using group = await create({ pids: { max: 30 }, cpu: { max: 1.5 } });
        await using churn = await launch([group.join(), command([files.join('churn')])], { stdio: 'ignore' });
        await expect.poll(async () => (await group.threads()).length).toBeGreaterThan(1);
        const v1 = currentHost().hierarchies.filter(({ version }) => version === 1);
        const places = v1.map((each) => placeIn(each, group.path)).filter(({ directory }) => existsSync(directory));
        for (let round = 0; round < 200; round++) expect(splitProcesses(places)).toEqual([]);
        await group.kill();
        expect(await churn.wait()).toMatchObject({ signal: 'SIGKILL' });
      });

      test('have no memory of their own to limit', async () => {
        await using group = await create();
        const limited = group.threadedChild('x', { memory: { max: '64MiB' } });
        await expect(limited).rejects.toMatchObject({
          code: 'LIMIT_INVALID',
          message: expect.stringContaining('threaded'),
        });
        expect(await group.children()).toEqual([]);
      });

      test('get a second limit later on, but none of one more v1 hierarchy, which is said in words', async () => {
        await using group = await create();
        const { node, inner } = await threadInside(group, { pids: { max: 50 } });
        const memberships = readFileSync(`/proc/${node.pid}/cgroup`, 'utf8');
        const set = inner.set({ ...more, pids: { max: 60 } });
        if (name === 'as it is') await set;
        else {
          const rule = 'name the limit in threadedChild()';
          const refused = { code: 'CONTROLLER_UNAVAILABLE', path: inner.path, message: expect.stringContaining(rule) };
          await expect(set).rejects.toMatchObject({ ...refused, file: 'cpuset' });
          expect((await inner.stat()).pids.max).toBe(50);
          await inner.set({ pids: { max: 60 } });
        }
        expect((await inner.stat()).pids.max).toBe(60);
        expect(readFileSync(`/proc/${node.pid}/cgroup`, 'utf8')).toBe(memberships);
        await group.kill();
      });

      test('stay where they are when the cgroup above is limited in one more way', async () => {
        await using group = await create();
        const { node, inner, thread } = await threadInside(group);
        const isOnV2 = (await inner.type()) === 'threaded';
        const whole = isOnV2 ? undefined : await startInside(inner, 'sleep', '60');
        await group.set(more);
        expect(await inner.threads()).toEqual([thread, ...(whole ? [whole.pid] : [])].sort((a, b) => a - b));
        // On v1 it may have processes, too, and those come along.
        if (whole) expect(readFileSync(`/proc/${whole.pid}/cgroup`, 'utf8')).toMatch(`:cpuset:${inner.path}\n`);
        expect(await group.threads()).toEqual(expect.arrayContaining([node.pid]));
        expect(readFileSync(`/proc/${node.pid}/cgroup`, 'utf8')).not.toContain(inner.path);
        await group.kill();
      });
    },
  );
}

async function startNode(group: Cgroup): Promise<Inside> {
  const node = await startInside(group, process.execPath, '-e', 'setInterval(() => {}, 1e6)');
  node.go();
  await expect.poll(() => threadsOf(node.pid).length).toBeGreaterThan(4);
  return node;
}

/** A process in the group, and one of its threads in a cgroup inside. */
async function threadInside(group: Cgroup, limits: Limits = {}) {
  const node = await startNode(group);
  const inner = await group.threadedChild('inner', limits);
  const [, thread = 0] = threadsOf(node.pid);
  await inner.addThread(thread);
  return { node, inner, thread };
}

function threadsOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map(Number);
}

function only(group: Cgroup): string {
  const [directory = ''] = directories(group.path);
  return directory;
}
