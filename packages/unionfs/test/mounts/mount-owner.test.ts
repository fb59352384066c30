import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ownerOf, ownSource } from '../../src/mounts/mount-owner.ts';
import type { MountPoint } from '../../src/mounts/mountinfo.ts';

const mount = (source: string, target = '/mnt'): MountPoint => ({
  id: 1,
  parent: 0,
  device: '0:1',
  root: '/',
  target,
  type: 'overlay',
  source,
  options: [],
});

/** As of another process, which started when it did. */
function sourceOf(pid: number): string {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return ownSource('/mnt').replace(/^estiba-\d+-\d+/, `estiba-${pid}-${fields[19]}`);
}

const linux = process.platform === 'linux';

it.runIf(linux)('the owner of a mount runs as long as its process does', async () => {
  expect(ownerOf(mount(ownSource('/mnt')))).toBe('running');
  const child = spawn('sleep', ['20'], { stdio: 'ignore' });
  const closed = new Promise((resolve) => child.on('close', resolve));
  const source = sourceOf(child.pid as number);
  expect(ownerOf(mount(source))).toBe('running');
  child.kill('SIGKILL');
  await closed;
  expect(ownerOf(mount(source))).toBe('ended');
});

it.runIf(linux)('the owner of a mount has ended when another process has its number', () => {
  const source = ownSource('/mnt').replace(
    /^estiba-(\d+)-(\d+)/,
    (_, pid, start) => `estiba-${pid}-${Number(start) - 1}`,
  );
  expect(ownerOf(mount(source))).toBe('ended');
});

it.runIf(linux)('the owner of a mount has ended when its parent has not noticed yet', async () => {
  // A shell that becomes a program which waits for nobody.
  const parent = spawn('sh', ['-c', 'sleep 20 & echo $!; exec sleep 20'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const closed = new Promise((resolve) => parent.on('close', resolve));
  let pid: number | undefined;
  try {
    pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
    while (readFileSync(`/proc/${parent.pid}/comm`, 'utf8') !== 'sleep\n') await sleep(5);
    const source = sourceOf(pid);
    expect(ownerOf(mount(source))).toBe('running');
    process.kill(pid, 'SIGKILL');
    while (!readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ')) await sleep(5);
    expect(ownerOf(mount(source))).toBe('ended');
  } finally {
    // One that has ended is there until its parent ends, too.
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    parent.kill('SIGKILL');
    await closed;
  }
});

it.runIf(linux)('the owner of a mount is not known elsewhere, of other namespaces, or where nothing says so', () => {
  const { pid } = spawnSync('true');
  const ended = ownSource('/mnt').replace(/^estiba-\d+/, `estiba-${pid}`);
  expect(ownerOf(mount(ended))).toBe('ended');
  expect(ownerOf(mount(ended, '/bound'))).toBe('unknown');
  const parts = ended.split('-');
  for (const namespace of [3, 4]) {
    expect(ownerOf(mount(parts.with(namespace, '1').join('-')))).toBe('unknown');
  }
  for (const source of ['overlay', 'estiba', 'estiba-1', `${ended}0`, `x${ended}`]) {
    expect(ownerOf(mount(source)), source).toBe('unknown');
  }
});
