import { z } from 'zod';
import { Digest } from './digest-schema.ts';
import { lazySchema } from './lazy-schema.ts';

// Docker writes null where the specification leaves a field out.
const strings = () => z.array(z.string()).nullish();
const names = () => z.record(z.string(), z.looseObject({})).nullish();

// A string, since a Date would lose the nanoseconds. https://www.rfc-editor.org/rfc/rfc3339#section-5.6
const time = () => z.string().refine(isTime, 'a time looks like 2024-02-29T12:00:00.123456789Z (RFC 3339)');

/** What a container made from the image starts with. https://github.com/opencontainers/image-spec/blob/main/config.md#properties */
export const ContainerConfig = lazySchema(() =>
  z.looseObject({
    User: z.string().optional(),
    ExposedPorts: names(),
    Env: z.array(z.string().regex(/^[^=]+=/, 'an entry looks like NAME=value')).nullish(),
    Entrypoint: strings(),
    Cmd: strings(),
    Volumes: names(),
    WorkingDir: z.string().optional(),
    Labels: z.record(z.string(), z.string()).nullish(),
    StopSignal: z.string().optional(),
    /** Of Windows, and obsolete: the command is one line already. */
    ArgsEscaped: z.boolean().optional(),
  }),
);
export type ContainerConfig = z.infer<typeof ContainerConfig>;

export const History = lazySchema(() =>
  z.looseObject({
    created: time().nullish(),
    author: z.string().optional(),
    created_by: z.string().optional(),
    comment: z.string().optional(),
    empty_layer: z.boolean().optional(),
  }),
);
export type History = z.infer<typeof History>;

/** https://github.com/opencontainers/image-spec/blob/main/config.md */
export const ImageConfig = lazySchema(() =>
  z.looseObject({
    architecture: z.string(),
    os: z.string(),
    variant: z.string().optional(),
    'os.version': z.string().optional(),
    'os.features': z.array(z.string()).nullish(),
    created: time().nullish(),
    author: z.string().optional(),
    config: ContainerConfig.nullish(),
    rootfs: z.looseObject({ type: z.literal('layers'), diff_ids: z.array(Digest) }),
    history: z.array(History).nullish(),
  }),
);
export type ImageConfig = z.infer<typeof ImageConfig>;

/** Whether it is a time of RFC 3339, on a day that there is. */
export function isTime(text: string): boolean {
  const [, year = 0, month = 0, day = 0] = timePattern.exec(text)?.map(Number) ?? [];
  return month > 0 && day > 0 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

const timePattern =
  /^([0-9]{4})-(0[1-9]|1[0-2])-([0-9]{2})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]{1,30})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$/;
