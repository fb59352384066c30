import type { IdMaps } from '@estiba/namespaces';
import { leftovers, machine, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { output } from './output.ts';
import { roots, type TestRoot } from './rootfs.ts';
import { type Way, ways } from './ways.ts';

const limits = { memory: { max: '64MiB' }, pids: { max: 64 }, cpu: { max: 1 } } as const;

// A run takes 7 ms here, and a hundred or more in a slow guest.
const isSlow = machine() !== 'host';

for (const way of ways) {
  requires({ on: ['host', 'uml'], overlay: true, cgroup: true, ...way.needs })(
    `what a container ${way.of} leaves behind`,
    () => leaves(way),
  );
}

function leaves(way: Way): void {
  const { run, rootless } = way;
  const machineRoot = roots(way);
  const [runs, failures] = isSlow ? [50, 5] : [500, 20];
  // With more ids than one's own each run would begin with two runs of newuidmap(1).
  const options = { limits, ...(rootless && { idMaps: ownIds() }) };

  it('is nothing, after many runs in a row', { timeout: 60_000 }, async () => {
    await using rootfs = machineRoot();
    await output(run(['true'], { ...options, rootfs }));
    const left = leftovers();
    for (let i = 0; i < runs; i++) {
      const child = await run(['/bin/true'], { ...options, rootfs, stdio: 'ignore' });
      expect((await child.wait()).exitCode).toBe(0);
    }
    expect(await left()).toEqual([]);
  });

  it('is nothing, after 50 at once', { timeout: 60_000 }, async () => {
    await using folders = new AsyncDisposableStack();
    const roots = Array.from({ length: 50 }, () => folders.use(machineRoot()));
    const left = leftovers();
    const start = (rootfs: TestRoot) => output(run(['sh', '-c', 'echo hi; exit 3'], { ...options, rootfs }));
    const statuses = await Promise.all(roots.map(start));
    expect(statuses.map(({ exitCode, stdout }) => `${exitCode} ${stdout}`)).toEqual(
      Array.from({ length: 50 }, () => '3 hi\n'),
    );
    expect(await left()).toEqual([]);
  });

  it('is nothing, when the start fails', async () => {
    await using rootfs = machineRoot();
    const left = leftovers();
    for (let i = 0; i < failures; i++)
      await expect(run(['/no/such'], { rootfs, limits })).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await left()).toEqual([]);
  });
}

function ownIds(): IdMaps {
  const own = (id = 0) => [{ inside: 0, outside: id, count: 1 }];
  return { uid: own(process.geteuid?.()), gid: own(process.getegid?.()) };
}
