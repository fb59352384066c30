import { type Descriptor, digestOf, type ImageLayout, mediaTypes } from '@estiba/image-spec';

/** An image with one layer, an empty archive. */
export async function smallImage(layout: ImageLayout): Promise<Descriptor> {
  const tar = Buffer.alloc(1024);
  const write = (document: object, mediaType: string) =>
    layout.write(Buffer.from(JSON.stringify(document)), { mediaType });
  const layer = await layout.write(tar, { mediaType: mediaTypes.layer });
  const config = await write(
    {
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
    },
    mediaTypes.config,
  );
  return write({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [layer] }, mediaTypes.manifest);
}
