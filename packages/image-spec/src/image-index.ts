import { z } from 'zod';
import { Annotations, Descriptor, MediaType } from './descriptor.ts';
import { lazySchema } from './lazy-schema.ts';

/** The same image for several platforms. https://github.com/opencontainers/image-spec/blob/main/image-index.md */
export const ImageIndex = lazySchema(() =>
  z.looseObject({
    schemaVersion: z.literal(2),
    mediaType: MediaType.optional(),
    artifactType: MediaType.optional(),
    manifests: z.array(Descriptor),
    subject: Descriptor.optional(),
    annotations: Annotations.optional(),
  }),
);
export type ImageIndex = z.infer<typeof ImageIndex>;
