/** From a registry to a tree that can be mounted: download, verify, unpack. */
import { join } from 'node:path';
import { ImageLayout } from '@estiba/image-spec';
import { RegistryClient } from '@estiba/registry-client';
import { SnapshotStore } from '@estiba/unionfs';
import type { Bench } from '../bench.ts';
import { podman } from '../contenders/podman.ts';
import { serveDebian } from '../contenders/served-image.ts';
import { intoTarget } from '../contenders/target.ts';
import { pathOf } from '../programs.ts';

export async function pull(bench: Bench): Promise<void> {
  await using image = await serveDebian(bench);
  for (const place of bench.places) {
    // podman does not wait until the tree is on the disk; so we are compared without that, and with it.
    const lazy = 'pull and unpack, no sync';
    const contenders = [
      ...(place.name === 'disk' ? [{ name: lazy, run: (target: string) => ours(target, image.reference, false) }] : []),
      { name: 'pull and unpack', run: (target: string) => ours(target, image.reference, true) },
      { name: 'podman pull', run: (target: string) => podmanPull(target, image.reference, bench) },
      { name: 'skopeo copy, umoci unpack', run: (target: string) => skopeoAndUmoci(target, image.reference, bench) },
    ];
    await bench.compare({
      title: `pull, ${place.name}`,
      note: 'Debian in one layer of 93 MB, from docker-registry on this machine; ours and skopeo keep the compressed layer, podman does not',
      ours: place.name === 'disk' ? lazy : 'pull and unpack',
      contenders: contenders.map((contender) => intoTarget(contender, place, bench)),
      rounds: 9,
      warmup: 1,
      seconds: 110,
      promises: place.name === 'tmpfs' ? { 'podman pull': 0.4 } : {},
    });
  }
}

async function ours(target: string, reference: string, durable: boolean): Promise<undefined> {
  const images = await ImageLayout.open(join(target, 'images'), { fsync: durable });
  const snapshots = await SnapshotStore.open(join(target, 'snapshots'), { durable });
  await new RegistryClient().pull(reference, {
    into: images,
    // Unpacked as it arrives; it becomes a snapshot only when its digest has proved right.
    onLayer: async ({ chainId, parent, diffId, follow }) =>
      snapshots.commit(chainId, await follow(), { diffId, ...(parent !== undefined && { parent }) }),
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
