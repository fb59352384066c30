import type { Image } from '@estiba/image-spec';
import { dockerCredentials, RegistryClient } from '@estiba/registry-client';
import { ProgressDisplay } from './progress-display.ts';
import type { Workspace } from './workspace.ts';

/** Copy the image into the workspace, every byte verified on the way. */
export async function pull({ images, signal, stages }: Workspace, reference: string): Promise<Image> {
  const client = new RegistryClient({ credentials: dockerCredentials() });
  return stages.run(
    'pull',
    async () => {
      using display = new ProgressDisplay(process.stdout);
      return await client.pull(reference, { into: images, signal, onProgress: (progress) => display.update(progress) });
    },
    ({ descriptor }) => `${reference} is ${descriptor.digest}`,
  );
}
