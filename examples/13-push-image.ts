// Push an image out of a layout: only what the registry lacks is sent, and bars show how far it is.
import { ImageLayout } from '@estiba/image-spec';
import { dockerCredentials, RegistryClient } from '@estiba/registry-client';
import { progressBars } from './progress-bars.ts';

const [name = 'app', reference = 'localhost:5000/app:latest', directory = './images'] = process.argv.slice(2);
const images = await ImageLayout.open(directory);
const { descriptor } = await images.image(name);

using registry = new RegistryClient({ credentials: dockerCredentials() });
{
  using bars = progressBars();
  await registry.push(descriptor, reference, {
    from: images,
    signal: AbortSignal.timeout(600_000),
    onProgress: bars.update,
  });
}
console.log(reference, 'is', (await registry.resolve(reference)).digest);
