// `docker run`, spelled out: pull, unpack, run, clean up.
import { join } from 'node:path';
import { ImageLayout } from '@estiba/image-spec';
import { RegistryClient } from '@estiba/registry-client';
import { run } from '@estiba/runtime';
import { SnapshotStore } from '@estiba/unionfs';

const [reference = 'alpine:3.20', ...command] = process.argv.slice(2);
const home = process.env.ESTIBA_HOME ?? '/var/lib/estiba-example';
const images = await ImageLayout.open(join(home, 'images'));
const snapshots = await SnapshotStore.open(join(home, 'snapshots'));

const image = await new RegistryClient().pull(reference, { into: images });

let top: string | undefined;
for await (const layer of image.layers()) {
  if (!(await snapshots.has(layer.chainId))) {
    await snapshots.commit(layer.chainId, await layer.open(), { parent: layer.parent, diffId: layer.diffId });
  }
  top = layer.chainId;
}

const snapshot = await snapshots.prepare(`example-${process.pid}`, { parent: top });
try {
  const container = await run(command, {
    image: image.config,
    rootfs: snapshot.overlay,
    limits: { memory: { max: '256MiB' }, pids: { max: 64 } },
    stdio: 'inherit',
  });
  process.exitCode = (await container.wait()).exitCode ?? 1;
} finally {
  await snapshot.remove();
}
