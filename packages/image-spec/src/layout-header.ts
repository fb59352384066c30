import { z } from 'zod';
import { lazySchema } from './lazy-schema.ts';

/** The file `oci-layout`. https://github.com/opencontainers/image-spec/blob/main/image-layout.md#oci-layout-file */
export const LayoutHeader = lazySchema(() => z.looseObject({ imageLayoutVersion: z.literal('1.0.0') }));
export type LayoutHeader = z.infer<typeof LayoutHeader>;
