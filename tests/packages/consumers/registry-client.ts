// An image on its way from one folder to another, through a registry on loopback.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageLayout } from '@estiba/image-spec';
import { Registry } from '@estiba/registry';
import { RegistryClient, RegistryError } from '@estiba/registry-client';
import { smallImage } from './small-image.ts';

const folder = await mkdtemp(join(tmpdir(), `estiba-${process.pid}-consumer-`));
const registry = await Registry.start();
try {
  const source = await ImageLayout.open(join(folder, 'source'));
  const into = await ImageLayout.open(join(folder, 'into'));
  const descriptor = await smallImage(source);
  const reference = await registry.add('demo/small:1', source, descriptor);

  const client = new RegistryClient({ retries: 0 });
  const image = await client.pull(reference, { into, platform: { os: 'linux', architecture: 'amd64' } });
  console.log(
    image.descriptor.digest === descriptor.digest,
    await into.has(image.manifest.layers[0]?.digest ?? descriptor),
  );
  await client.resolve(`${reference}0`).catch((error) => console.log(error instanceof RegistryError, error.code));
  client.close();
} finally {
  await registry.close();
  await rm(folder, { recursive: true });
}
