import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { currentHost } from '../../src/host.ts';
import { type Cgroup, limitsOfOci, type OciResources } from '../../src/index.ts';
import { makeDisk } from '../disk.ts';
import { startInside } from '../inside.ts';
import { place, views } from '../views.ts';

const MiB = 1024 ** 2;

/** What an engine writes for `run --memory 64m --memory-swap -1 --cpus 0.5 --cpu-shares 512 --pids-limit 50`. */
const RESOURCES: OciResources = {
  devices: [{ allow: false, access: 'rwm' }],
  memory: { limit: 64 * MiB, reservation: 32 * MiB, checkBeforeUpdate: true },
  cpu: { shares: 512, quota: 50_000, period: 100_000 },
  pids: { limit: 50 },
};

for (const [name, view] of views) {
  const group = requires({ on: ['host', 'uml', 'qemu'], cgroup: true, root: true, command: 'losetup' });
  group(`the resources of a container, ${name}`, () => {
    const { create } = place(view);

    test('are in force, whatever the host has', async () => {
      await using disk = await makeDisk();
      const version = currentHost().controllers.get('memory')?.version ?? 2;
      const { limits, ignored } = limitsOfOci(RESOURCES, { version });
      expect(ignored).toEqual([]);
      await using container = await create(limits);
      expect(await container.stat()).toMatchObject({ memory: { max: 64 * MiB }, cpu: { max: 0.5 }, pids: { max: 50 } });
      expect(await open(container, '/dev/zero')).toMatch(/1\+0 records in/);
      expect(await open(container, disk.path)).toMatch(/Operation not permitted/);
    });

    test('without resources it has the devices of every container, and no others', async () => {
      await using disk = await makeDisk();
      await using container = await create(limitsOfOci(undefined, { version: 2 }).limits);
      expect(await open(container, '/dev/zero')).toMatch(/1\+0 records in/);
      expect(await open(container, disk.path)).toMatch(/Operation not permitted/);
    });

    test('stay in force where an update does not mention them', async () => {
      const version = currentHost().controllers.get('cpu')?.version ?? 2;
      await using container = await create({ cpu: { max: { quota: 50_000, period: 200_000 } } });
      const update = async (cpu: OciResources['cpu'] & object) => {
        await container.set(limitsOfOci({ cpu }, { version, update: true }).limits);
        return (await container.stat()).cpu.max;
      };
      expect(await update({ period: 100_000 })).toBe(0.5);
      expect(await update({ quota: 20_000 })).toBe(0.2);
      expect(await update({ period: 50_000 })).toBe(0.4);
      expect(await update({ quota: -1 })).toBe(Number.POSITIVE_INFINITY);
      expect(await update({ period: 100_000 })).toBe(Number.POSITIVE_INFINITY);
    });
  });
}

async function open(container: Cgroup, path: string): Promise<string> {
  const reader = await startInside(container, 'dd', `if=${path}`, 'of=/dev/null', 'count=1');
  reader.go();
  return (await reader.ended).errors;
}
