import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mount, perform, umount } from '@estiba/syscalls';
import { requires, type Scratch, scratch } from '@estiba/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refreshHost } from '../src/host.ts';
import { Cgroup, detectCgroups } from '../src/index.ts';
import { startInside } from './inside.ts';

// A v1 controller that nobody uses may be mounted in a guest only: there nothing is for ever.

const inEither = requires({ on: ['uml', 'qemu'], root: true, cgroup: ['pids'], command: ['ss', 'perl'] });
inEither('net_cls beside v2', () => {
  const { root, folder } = mounted('net_cls');

  test('sockets have the class of the cgroup that opens them', { timeout: 60_000 }, async () => {
    await using group = await Cgroup.create(`${folder}/class`, { netCls: { classid: '10:1' } });
    const classid = () => readFileSync(`${root()}${group.path}/net_cls.classid`, 'utf8').trim();
    expect(classid()).toBe(String(0x10_0001));
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
    const server = spawn('/bin/sh', ['-c', 'read go && exec perl -e "$0"', LISTEN], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const ended = once(server, 'exit');
    await group.add(server.pid ?? 0);
    server.stdin.end('go\n');
    const sockets = () => execFileSync('ss', ['--listening', '--tcp', '--tos', '--no-header'], { encoding: 'utf8' });
    await expect.poll(sockets, { timeout: 40_000 }).toMatch(/127\.0\.0\.1:.* class_id:0x100001/);
    await group.kill();
    await ended;
    await group.set({ netCls: { classid: 0 } });
    expect(classid()).toBe('0');
  });
});

requires({ on: ['qemu'], root: true, cgroup: ['pids'] })('net_prio beside v2', () => {
  const { root, folder } = mounted('net_prio');

  test('each interface has its priority, and the others keep theirs', async () => {
    await using group = await Cgroup.create(`${folder}/priority`, { netPrio: { lo: 5 } });
    expect(readFileSync(`${root()}${group.path}/net_prio.ifpriomap`, 'utf8')).toMatch(/^lo 5$/m);
    await group.set({ netPrio: {} });
    expect(readFileSync(`${root()}${group.path}/net_prio.ifpriomap`, 'utf8')).toMatch(/^lo 5$/m);
    await expect(group.set({ netPrio: { 'no-such-link': 1 } })).rejects.toMatchObject({
      code: 'LIMIT_INVALID',
      value: 'no-such-link 1',
    });
  });
});

const traffic = ['ip', 'tc', 'bash', 'seq'] as const;
requires({ on: ['qemu'], root: true, cgroup: ['pids'], command: traffic })('packets with net_prio', () => {
  const { folder } = mounted('net_prio');
  dummyLink();

  test('those of the cgroup go to the band of its priority, all others do not', { timeout: 60_000 }, async () => {
    await using group = await Cgroup.create(`${folder}/packets`, { netPrio: { dummy7: 5, lo: 3 } });
    await using other = await Cgroup.create(`${folder}/others`);
    expect(packets()).toBe(0);
    await sendInside(other, 2);
    expect(packets()).toBe(0);
    await sendInside(group, 3);
    expect(packets()).toBe(3);
    await group.set({ netPrio: { dummy7: 0 } });
    await sendInside(group, 4);
    expect(packets()).toBe(3);
  });
});

requires({ on: ['qemu'], root: true, cgroup: ['pids'] })('perf_event beside v2', () => {
  const { folder } = mounted('perf_event');

  test('who is in the cgroup is in that tree, if it was asked for', async () => {
    await using plain = await Cgroup.create(`${folder}/plain`);
    await using group = await Cgroup.create(`${folder}/watched`, {}, { controllers: ['perf_event'] });
    const [first, second] = [await startInside(plain, 'sleep', '60'), await startInside(group, 'sleep', '60')];
    const perf = ({ pid }: { pid: number }) =>
      /^\d+:perf_event:(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
    expect(perf(first)?.[1]).toBe('/');
    expect(perf(second)?.[1]).toBe(group.path);
    await Promise.all([plain.kill(), group.kill()]);
    await Promise.all([first.ended, second.ended]);
  });
});

const LISTEN =
  'use IO::Socket::INET; my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die; sleep 60';

/** The tree of one controller, for the tests of one group. */
function mounted(controller: string): { root(): string; folder: string } {
  let files: Scratch;
  const folder = `/estiba/test-${process.pid}`;

  beforeAll(async () => {
    files = scratch();
    perform([mount({ source: 'none', target: files.path, type: 'cgroup', data: controller })]);
    expect((await detectCgroups()).controllers).toMatchObject({ [controller]: 1, pids: 2 });
  });

  afterAll(async () => {
    for (const path of [folder, '/estiba']) await (await Cgroup.open(path)).remove();
    perform([umount(files.path)]);
    refreshHost();
    files[Symbol.dispose]();
  });

  return { root: () => files.path, folder };
}

/** A network interface that forgets what is sent, with packets of priority 5 in a band of their own. */
function dummyLink(): void {
  const ip = (...args: string[]) => execFileSync('ip', args, { timeout: 20_000 });
  beforeAll(() => {
    ip('link', 'add', 'dummy7', 'type', 'dummy');
    ip('address', 'add', '10.77.0.1/24', 'dev', 'dummy7');
    ip('link', 'set', 'dummy7', 'up');
    const bands = '0 0 0 0 0 3 0 0 0 0 0 0 0 0 0 0'.split(' ');
    tc('qdisc', 'add', 'dev', 'dummy7', 'root', 'handle', '1:', 'prio', 'bands', '4', 'priomap', ...bands);
  });
  afterAll(() => ip('link', 'delete', 'dummy7'));
}

/** How many have passed that band. */
function packets(): number {
  const classes = tc('-statistics', 'class', 'show', 'dev', 'dummy7');
  return Number(/class prio 1:4 .*\n\s*Sent \d+ bytes (\d+) pkt/.exec(classes)?.[1]);
}

function tc(...args: string[]): string {
  return execFileSync('tc', args, { encoding: 'utf8', timeout: 20_000 });
}

async function sendInside(group: Cgroup, datagrams: number): Promise<void> {
  const script = `for i in $(seq ${datagrams}); do echo > /dev/udp/10.77.0.2/9; done`;
  const sender = await startInside(group, 'bash', '-c', script);
  sender.go();
  expect(await sender.ended).toMatchObject({ exitCode: 0 });
}
