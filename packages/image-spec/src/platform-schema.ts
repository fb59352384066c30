import { z } from 'zod';
import { lazySchema } from './lazy-schema.ts';
import type { Platform as PlatformObject } from './platform.ts';

export type Platform = PlatformObject;

/** https://github.com/opencontainers/image-spec/blob/main/image-index.md#image-index-property-descriptions */
export const Platform: z.ZodType<Platform, Platform> = lazySchema(() =>
  z.looseObject({
    os: z.string(),
    architecture: z.string(),
    variant: z.string().optional(),
    'os.version': z.string().optional(),
    'os.features': z.array(z.string()).optional(),
  }),
);
