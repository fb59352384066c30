// Copy an image from a registry to a directory that any OCI tool can read.
import { ImageLayout } from '@estiba/image-spec';
import { dockerCredentials, RegistryClient } from '@estiba/registry-client';

const [reference = 'docker.io/library/alpine:3.20', directory = './images'] = process.argv.slice(2);
const images = await ImageLayout.open(directory);
const registry = new RegistryClient({ credentials: dockerCredentials() });

const image = await registry.pull(reference, {
  into: images,
  signal: AbortSignal.timeout(60_000),
  onProgress: ({ digest, done, total, status }) => console.log(digest.slice(7, 19), status, `${done}/${total}`),
});

await images.tag(reference, image.descriptor);
console.log(image.descriptor.digest, image.config.config?.Cmd);
