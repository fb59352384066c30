import { z } from 'zod';
import { Digest } from './digest.ts';

// Docker writes null where the specification leaves a field out.
const strings = z.array(z.string()).nullish();
const names = z.record(z.string(), z.looseObject({})).nullish();

/** What a container made from the image starts with. */
export const ContainerConfig = z.looseObject({
  User: z.string().optional(),
  ExposedPorts: names,
  Env: z.array(z.string().regex(/^[^=]+=/, 'an entry looks like NAME=value')).nullish(),
  Entrypoint: strings,
  Cmd: strings,
  Volumes: names,
  WorkingDir: z.string().optional(),
  Labels: z.record(z.string(), z.string()).nullish(),
  StopSignal: z.string().optional(),
});
export type ContainerConfig = z.infer<typeof ContainerConfig>;

/** https://github.com/opencontainers/image-spec/blob/main/config.md, and what Docker adds to it. */
export const ImageConfig = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
  'os.version': z.string().optional(),
  'os.features': z.array(z.string()).nullish(),
  // A string, since a Date would lose the nanoseconds.
  created: z.string().nullish(),
  author: z.string().optional(),
  config: ContainerConfig.nullish(),
  rootfs: z.looseObject({ type: z.literal('layers'), diff_ids: z.array(Digest) }),
  history: z
    .array(
      z.looseObject({
        created: z.string().nullish(),
        author: z.string().optional(),
        created_by: z.string().optional(),
        comment: z.string().optional(),
        empty_layer: z.boolean().optional(),
      }),
    )
    .nullish(),
});
export type ImageConfig = z.infer<typeof ImageConfig>;
