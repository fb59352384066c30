import { z } from 'zod';
import { Annotations, Descriptor, MediaType } from './descriptor.ts';
import { lazySchema } from './lazy-schema.ts';

/** One image for one platform, or an artifact. https://github.com/opencontainers/image-spec/blob/main/manifest.md */
export const ImageManifest = lazySchema(() =>
  z.looseObject({
    schemaVersion: z.literal(2),
    mediaType: MediaType.optional(),
    artifactType: MediaType.optional(),
    config: Descriptor,
    // The schema wants at least one layer; registries hold artifacts without any.
    layers: z.array(Descriptor),
    subject: Descriptor.optional(),
    annotations: Annotations.optional(),
  }),
);
export type ImageManifest = z.infer<typeof ImageManifest>;
