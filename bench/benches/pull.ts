/** From a registry to a tree that can be mounted: download, verify, unpack. */
import { join } from 'node:path';
import { ImageLayout } from '@estiba/image-spec';
import { RegistryClient } from '@estiba/registry-client';
import { type BackendName, SnapshotStore } from '@estiba/unionfs';
import type { Bench } from '../bench.ts';
import { podman } from '../contenders/podman.ts';
import { serveDebian } from '../contenders/served-image.ts';
import { intoTarget } from '../contenders/target.ts';
import { pathOf } from '../programs.ts';

const [erofs, directory] = ['pull and unpack (erofs)', 'pull and unpack (directory)'];

export async function pull(bench: Bench): Promise<void> {
  await using image = await serveDebian(bench);
  for (const place of bench.places) {
    const onDisk = place.name === 'disk';
    // podman does not wait until the tree is on the disk; so we are compared without that, and with it.
    const lazy = (name: string) => (onDisk ? `${name}, no sync` : name);
    const pulls = (['erofs', 'directory'] as const).flatMap((backend) => {
      const name = backend === 'erofs' ? erofs : directory;
      const one = (durable: boolean) => (target: string) => ours(target, image.reference, backend, durable);
      const safe = { name, run: one(true) };
      return onDisk ? [{ name: lazy(name), run: one(false) }, safe] : [safe];
    });
    const contenders = [
      ...pulls,
      { name: 'podman pull', run: (target: string) => podmanPull(target, image.reference, bench) },
      { name: 'skopeo copy, umoci unpack', run: (target: string) => skopeoAndUmoci(target, image.reference, bench) },
    ];
    await bench.compare({
      title: `pull, ${place.name}`,
      note: 'Debian in one layer of 93 MB, from docker-registry on this machine; ours and skopeo keep the compressed layer, podman does not',
      ours: [lazy(erofs), lazy(directory)],
      contenders: contenders.map((contender) => intoTarget(contender, place, bench)),
      rounds: 9,
      warmup: 1,
      seconds: 140,
      promises: onDisk
        ? []
        : [
            { ours: erofs, by: 'podman pull', atMost: 0.27 },
            { ours: directory, by: 'podman pull', atMost: 0.32 },
          ],
    });
  }
}

async function ours(target: string, reference: string, backend: BackendName, durable: boolean): Promise<undefined> {
  const images = await ImageLayout.open(join(target, 'images'), { fsync: durable });
  const snapshots = await SnapshotStore.open(join(target, 'snapshots'), { backend, durable });
  await new RegistryClient().pull(reference, {
    into: images,
    // Unpacked as it arrives; it becomes a snapshot only when its digest has proved right. Nobody else reads what follows it.
    onLayer: async ({ chainId, parent, diffId, follow }) =>
      snapshots.commit(chainId, await follow(), { diffId, transfer: true, ...(parent !== undefined && { parent }) }),
  });
}

function podmanPull(target: string, reference: string, bench: Bench): Promise<number> {
  const words = podman(target, bench.folder('r'));
  return bench.runtimes.run([...temporary(target), ...words, 'pull', '--quiet', '--tls-verify=false', reference]);
}

async function skopeoAndUmoci(target: string, reference: string, bench: Bench): Promise<number> {
  const layout = `${join(target, 'layout')}:debian`;
  const copy = [pathOf('skopeo'), '--insecure-policy', 'copy', '--quiet', '--src-tls-verify=false'];
  const copied = await bench.programs.run([...temporary(target), ...copy, `docker://${reference}`, `oci:${layout}`]);
  return (
    copied + (await bench.programs.run([pathOf('umoci'), 'raw', 'unpack', '--image', layout, join(target, 'tree')]))
  );
}

/** Temporary files on the file system that is compared. */
function temporary(target: string): string[] {
  return [pathOf('env'), `TMPDIR=${target}`];
}
