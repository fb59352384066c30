import type { Image } from '@estiba/image-spec';
import type { OverlayOptions } from '@estiba/unionfs';
import type { Workspace } from './workspace.ts';

/** Unpack each layer once, and put a writable one on top. */
export async function unpack({ snapshots, signal, stages }: Workspace, image: Image): Promise<OverlayOptions> {
  return stages.run(
    'unpack',
    async () => {
      let top: string | undefined;
      for await (const { chainId, parent, diffId, open } of image.layers()) {
        const options = { diffId, signal, ...(parent !== undefined && { parent }) };
        if (!(await snapshots.has(chainId))) await snapshots.commit(chainId, await open({ signal }), options);
        top = chainId;
      }
      const snapshot = await snapshots.prepare('demo', top === undefined ? {} : { parent: top });
      return snapshot.overlay;
    },
    ({ lower }) => `${lower.length} ${lower.length === 1 ? 'layer' : 'layers'} below a writable one`,
  );
}
