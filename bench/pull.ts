/** Pull and unpack of a Debian image, download included, beside `podman pull` of the same from the same registry. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ImageLayout } from '@estiba/image-spec';
import { RegistryClient } from '@estiba/registry-client';
import { SnapshotStore } from '@estiba/unionfs';
import { complete, makeDebian, serveDebian } from './debian.ts';
import { interleave, print } from './measure.ts';

export async function benchPull(options: { scratch: string; runs: number; where: string }): Promise<void> {
  await makeDebian();
  const served = join(options.scratch, 'served');
  mkdirSync(served, { recursive: true });
  await using image = await serveDebian(served);
  const target = join(options.scratch, 'target');
  const figures = await interleave(
    [
      { name: 'podman pull', run: () => timed(target, () => podman(target, image.reference)) },
      { name: 'pull and unpack', run: () => timed(target, () => ours(target, image.reference)) },
    ],
    { runs: options.runs, warmup: 2 },
  );
  print(`a Debian image from a registry, unpacked, on ${options.where}`, figures, 'podman pull');
}

/** What was made is removed outside of the measured time. */
async function timed(target: string, work: () => Promise<void>): Promise<number> {
  mkdirSync(target, { recursive: true });
  const start = performance.now();
  await work();
  const time = performance.now() - start;
  rmSync(target, { recursive: true, force: true });
  return time;
}

async function podman(target: string, reference: string): Promise<void> {
  const storage = [
    '--root',
    join(target, 'root'),
    '--runroot',
    join(target, 'run'),
    '--tmpdir',
    join(target, 'tmp'),
    '--storage-driver',
    'overlay',
  ];
  await complete(['podman', ...storage, 'pull', '--quiet', '--tls-verify=false', reference]);
  // podman leaves a bind mount on its own storage.
  await complete(['sh', '-c', 'umount "$1/root/overlay" 2>/dev/null; true', 'sh', target]);
}

async function ours(target: string, reference: string): Promise<void> {
  const images = await ImageLayout.open(join(target, 'images'));
  const snapshots = await SnapshotStore.open(join(target, 'snapshots'));
  await new RegistryClient().pull(reference, {
    into: images,
    // Unpacked as it arrives; it becomes a snapshot only when its digest has proved right.
    onLayer: async ({ chainId, parent, diffId, follow }) =>
      snapshots.commit(chainId, await follow(), { diffId, ...(parent !== undefined && { parent }) }),
  });
}
