// What this machine is for: each feature that the others lack, by what it does. NAT has a file of its own.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Cgroup, type Limits } from '../../packages/cgroups/src/index.ts';
import {
  command,
  continueInChild,
  launch,
  mount,
  type Program,
  unshare,
  writeFile,
} from '../../packages/syscalls/src/index.ts';
import { requires } from '../../packages/testkit/src/index.ts';
import { isolated, launched } from './finished.ts';

requires({ on: ['qemu'], root: true, cgroup: ['cpuset', 'cpu'] })('a cpuset', () => {
  it('lets processes run on the CPUs that it names, of those there are', async () => {
    await using all = await ownCgroup();
    await using one = await ownCgroup({ cpuset: { cpus: '1' } });
    expect(await output([...all.join(), command(['nproc'])])).toBe('2\n');
    expect(await output([...one.join(), command(['nproc'])])).toBe('1\n');
    const fieldsOfStat = (await output([...one.join(), command(['cat', '/proc/self/stat'])])).split(' ');
    // proc_pid_stat(5): the 39th is the CPU it runs on.
    expect(fieldsOfStat[38]).toBe('1');
  });

  it('makes two busy processes share a CPU, or gives each its own', async () => {
    await using left = await ownCgroup({ cpuset: { cpus: '0' } });
    await using right = await ownCgroup({ cpuset: { cpus: '1' } });
    // The clock of an emulated processor is not exact.
    expect((await busyCpus(left, right)) / (await busyCpus(left, left))).toBeGreaterThan(1.4);
  });
});

requires({ on: ['qemu'], root: true, cgroup: ['cpuset'], path: '/proc/pressure/cpu' })('pressure', () => {
  it('rises where processes wait for a CPU, and for the whole machine, but not where they sleep', async () => {
    await using crowded = await ownCgroup({ cpuset: { cpus: '0' } });
    await using idle = await ownCgroup({ cpuset: { cpus: '0' } });
    const machine = stalledMicros('/proc/pressure/cpu');
    await using _first = await launch([...crowded.join(), busy]);
    await using _second = await launch([...crowded.join(), busy]);
    await using _sleeper = await launch([...idle.join(), command(['sleep', '1000'])]);
    const stalled = ({ path }: Cgroup) => stalledMicros(`/sys/fs/cgroup${path}/cpu.pressure`);
    await expect.poll(() => stalled(crowded), { timeout: 30_000, interval: 200 }).toBeGreaterThan(500_000);
    expect(stalled(idle)).toBeLessThan(stalled(crowded) / 4);
    expect(stalledMicros('/proc/pressure/cpu')).toBeGreaterThan(machine + 250_000);
  });
});

requires({ on: ['qemu'], root: true, cgroup: ['hugetlb'], command: 'fallocate' })('huge pages', () => {
  it('are limited by the hugetlb controller', async () => {
    await using _pages = hugePages(4);
    await using group = await ownCgroup();
    writeFileSync(`/sys/fs/cgroup${group.path}/../cgroup.subtree_control`, '+hugetlb');
    const limit = `/sys/fs/cgroup${group.path}/hugetlb.2MB.max`;
    const take = (pages: number) =>
      isolated(`fallocate -l ${2 * pages}M /mnt/file`, {
        namespaces: ['mount'],
        prepare: [...group.join(), mount({ source: 'hugetlbfs', target: '/mnt', type: 'hugetlbfs' })],
      });
    expect(await take(2)).toMatchObject({ exitCode: 0, stderr: '' });
    writeFileSync(limit, String(2 * 1024 ** 2));
    expect(await take(1)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await take(2)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('No space left on device') });
    expect(readFileSync(limit.replace(/max$/, 'events'), 'utf8')).toMatch(/^max [1-9]/);
  });
});

requires({ on: ['qemu'], root: true, path: '/proc/self/timens_offsets' })('a time namespace', () => {
  it('has been up for longer than the machine', async () => {
    const uptime = await output([
      unshare('time'),
      // Only until the first process enters it: time_namespaces(7).
      writeFile('/proc/self/timens_offsets', 'boottime 1000000 0'),
      continueInChild(),
      command(['cat', '/proc/uptime']),
    ]);
    const machine = Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
    expect(Number.parseFloat(uptime)).toBeGreaterThan(1_000_000);
    expect(Number.parseFloat(uptime)).toBeLessThanOrEqual(1_000_000 + machine);
    expect(machine).toBeLessThan(1_000_000);
  });
});

let names = 0;
const ownCgroup = (limits: Limits = {}) => Cgroup.create(`/estiba/machine-${process.pid}-${++names}`, limits);

const busy = command(['sh', '-c', 'while :; do :; done']);

/** How many CPUs are busy while a loop runs in each of these cgroups. */
async function busyCpus(first: Cgroup, second: Cgroup): Promise<number> {
  await using _one = await launch([...first.join(), busy]);
  await using _other = await launch([...second.join(), busy]);
  const groups = [...new Set([first, second])];
  const used = async () => {
    const stats = await Promise.all(groups.map((group) => group.stat()));
    return stats.reduce((sum, { cpu }) => sum + cpu.usageMicros, 0);
  };
  const [before, start] = [await used(), performance.now()];
  await sleep(3_000);
  return ((await used()) - before) / ((performance.now() - start) * 1_000);
}

/** For how long some have waited. https://docs.kernel.org/accounting/psi.html */
function stalledMicros(file: string): number {
  return Number(/^some .*total=(\d+)/m.exec(readFileSync(file, 'utf8'))?.[1]);
}

/** Set aside so many pages of two megabytes, until the scope ends. */
function hugePages(count: number): Disposable {
  const file = '/proc/sys/vm/nr_hugepages';
  const before = readFileSync(file, 'utf8');
  writeFileSync(file, String(count));
  return { [Symbol.dispose]: () => writeFileSync(file, before) };
}

async function output(program: Program): Promise<string> {
  const { stdout, ...end } = await launched(program);
  expect(end).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}
