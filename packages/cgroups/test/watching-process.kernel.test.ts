import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import './watching.ts';
import { startInside } from './inside.ts';
import { place, views } from './views.ts';

for (const [name, view] of views) {
  requires({ on: ['host'], cgroup: ['memory'] })(`a process that watches, ${name}`, () => ofProcess(view));
}

function ofProcess(view: string): void {
  const { create } = place(view);

  test('who waits keeps the process alive, and who only watches does not', async () => {
    await using group = await create({ memory: { max: '16MiB', swap: 0 } });
    const script = (rest: string) => `
      const { Cgroup } = await import(${JSON.stringify(import.meta.resolve('../src/index.ts'))});
      const { refreshHost } = await import(${JSON.stringify(import.meta.resolve('../src/host.ts'))});
      refreshHost(${JSON.stringify(view)});
      const iterator = (await Cgroup.open('${group.path}')).events({ types: ['oom', 'oom-kill', 'populated'] });
      ${rest}`;
    const watching = startNode(script(''));
    expect(await text(watching.stdout)).toBe('');
    const waiting = startNode(
      script("const next = iterator.next(); console.log('waiting'); console.log((await next).value?.type);"),
    );
    await once(waiting.stdout, 'readable');
    await startInside(group, 'sleep', '60');
    expect(await text(waiting.stdout)).toBe('waiting\npopulated\n');
    await group.kill();
  });

  test('when the process is gone that listens for it, who waits is told so', async () => {
    await using group = await create({ memory: { max: '16MiB' } });
    for (const watch of [() => group.events({ types: ['oom'] }), () => group.watchMemory('8MiB')]) {
      const told = watch()
        .next()
        .catch((error: unknown) => error);
      await expect.poll(listeners, { timeout: 5_000 }).toHaveLength(1);
      process.kill(listeners()[0] as number, 'SIGKILL');
      expect(await told).toMatchObject({
        name: 'CgroupError',
        code: 'CGROUP_BUSY',
        path: group.path,
        message: expect.stringMatching(/^cannot watch .* it ended at once: SIGKILL; watch it again$/),
      });
    }
  });
}

/** Our children that wait for an epoll instance. */
function listeners(): number[] {
  const children = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === process.pid);
  return children.filter((pid) => standardInputOf(pid) === 'anon_inode:[eventpoll]').map(Number);
}

function parentOf(pid: string): number {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return 0;
  }
}

function standardInputOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/0`);
  } catch {
    return undefined;
  }
}

function startNode(script: string) {
  const node = ['--conditions=estiba-source', '--no-warnings', '--input-type=module', '-e', script];
  return spawn(process.execPath, node, {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 25_000,
  });
}
