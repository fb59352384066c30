import { leftovers, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { run } from '../src/index.ts';
import { output } from './output.ts';
import { machineRoot, type TestRoot } from './rootfs.ts';

const limits = { memory: { max: '64MiB' }, pids: { max: 64 }, cpu: { max: 1 } } as const;

requires({ root: true, overlay: true, cgroup: true })('what a container leaves behind', () => {
  it('is nothing, after 500 runs in a row', { timeout: 60_000 }, async () => {
    await using rootfs = machineRoot();
    await output(run(['true'], { rootfs, limits }));
    const left = leftovers();
    for (let i = 0; i < 500; i++) {
      const child = await run(['/bin/true'], { rootfs, limits, stdio: 'ignore' });
      expect((await child.wait()).exitCode).toBe(0);
    }
    expect(await left()).toEqual([]);
  });

  it('is nothing, after 50 at once', { timeout: 60_000 }, async () => {
    await using folders = new AsyncDisposableStack();
    const roots = Array.from({ length: 50 }, () => folders.use(machineRoot()));
    const left = leftovers();
    const start = (rootfs: TestRoot) => output(run(['sh', '-c', 'echo hi; exit 3'], { rootfs, limits }));
    const statuses = await Promise.all(roots.map(start));
    expect(statuses.map(({ exitCode, stdout }) => `${exitCode} ${stdout}`)).toEqual(
      Array.from({ length: 50 }, () => '3 hi\n'),
    );
    expect(await left()).toEqual([]);
  });

  it('is nothing, when the start fails', async () => {
    await using rootfs = machineRoot();
    const left = leftovers();
    for (let i = 0; i < 20; i++)
      await expect(run(['/no/such'], { rootfs, limits })).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await left()).toEqual([]);
  });
});
