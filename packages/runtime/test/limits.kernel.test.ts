import { readFileSync } from 'node:fs';
import { Cgroup } from '@estiba/cgroups';
import { requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { output } from './output.ts';
import { roots } from './rootfs.ts';
import { type Way, ways } from './ways.ts';

/** The cgroup of a container, by asking the kernel where its process is. */
async function cgroupOf(pid: number): Promise<Cgroup> {
  const path = readFileSync(`/proc/${pid}/cgroup`, 'utf8').match(/:(\/.*\bestiba\/.*)$/m)?.[1];
  expect(path).toBeDefined();
  return Cgroup.open(path as string);
}

for (const way of ways) {
  requires({ on: ['host', 'uml'], overlay: true, cgroup: true, ...way.needs })(`limits of a container ${way.of}`, () =>
    limits(way),
  );
}

function limits(way: Way): void {
  const { run } = way;
  const machineRoot = roots(way);

  it('a memory hog is killed at the limit, and the status says so', async () => {
    await using rootfs = machineRoot();
    await using child = await run(['sh', '-c', 'read go && exec dd if=/dev/zero of=/dev/null bs=128M count=1'], {
      rootfs,
      limits: { memory: { max: '32MiB', swap: 0 } },
    });
    const group = await cgroupOf(child.pid);
    expect((await group.stat()).memory.max).toBe(32 << 20);
    expect(await group.pids()).toContain(child.pid);
    child.stdin?.write('go\n');
    expect(await child.wait()).toMatchObject({ signal: 'SIGKILL', outOfMemory: true });
  });

  it('a container that was not killed for memory does not say so', async () => {
    await using rootfs = machineRoot();
    expect(await output(run(['true'], { rootfs, limits: { memory: { max: '32MiB' } } }))).toMatchObject({
      exitCode: 0,
      outOfMemory: false,
    });
  });

  it('a fork bomb stops at pids.max', async () => {
    await using rootfs = machineRoot();
    // 200 children at most, each short-lived: harmless even if the limit were not there.
    const bomb = 'read go; i=0; while [ $i -lt 200 ]; do sleep 3 & i=$((i+1)); done; echo all forked';
    await using child = await run(['sh', '-c', bomb], { rootfs, limits: { pids: { max: 20 } } });
    const group = await cgroupOf(child.pid);
    expect((await group.stat()).pids.max).toBe(20);
    child.stdin?.write('go\n');
    const ended = await output(Promise.resolve(child));
    expect(ended.stdout).not.toContain('all forked');
    expect(ended.stderr).toMatch(/fork/i);
    expect(ended.exitCode).not.toBe(0);
  });

  it('the cgroup is gone when wait resolves', async () => {
    await using rootfs = machineRoot();
    await using child = await run(['sleep', '0.1'], { rootfs, limits: { pids: { max: 20 } } });
    const group = await cgroupOf(child.pid);
    await child.wait();
    await expect(Cgroup.open(group.path)).rejects.toMatchObject({ code: 'CGROUP_GONE' });
  });
}
