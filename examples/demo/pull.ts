import type { Image } from '@estiba/image-spec';
import { dockerCredentials, RegistryClient } from '@estiba/registry-client';
import { progressBars } from '../progress-bars.ts';
import type { Workspace } from './workspace.ts';

/** Copy the image into the workspace, every byte verified on the way. */
export async function pull({ images, signal, stages }: Workspace, reference: string): Promise<Image> {
  const client = new RegistryClient({ credentials: dockerCredentials() });
  return stages.run(
    'pull',
    async () => {
      using bars = progressBars();
      return await client.pull(reference, { into: images, signal, onProgress: bars.update });
    },
    ({ descriptor }) => `${reference} is ${descriptor.digest}`,
  );
}
