import { z } from 'zod';
import { Descriptor } from './descriptor.ts';
import { ContainerConfig, ImageConfig } from './image-config.ts';
import { lazySchema } from './lazy-schema.ts';
import { mediaTypes } from './media-types.ts';

// https://github.com/distribution/distribution/blob/main/docs/content/spec/manifest-v2-2.md

/** Docker's image manifest, version 2, schema 2. */
export const DockerManifest = lazySchema(() =>
  z.looseObject({
    schemaVersion: z.literal(2),
    mediaType: z.literal(mediaTypes.dockerManifest),
    config: Descriptor,
    layers: z.array(Descriptor),
  }),
);
export type DockerManifest = z.infer<typeof DockerManifest>;

/** The same image for several platforms. */
export const DockerManifestList = lazySchema(() =>
  z.looseObject({
    schemaVersion: z.literal(2),
    mediaType: z.literal(mediaTypes.dockerIndex),
    manifests: z.array(Descriptor),
  }),
);
export type DockerManifestList = z.infer<typeof DockerManifestList>;

const strings = () => z.array(z.string()).nullish();

/** https://github.com/moby/docker-image-spec: how a container is asked whether it is well. Times are nanoseconds. */
export const DockerHealthcheck = lazySchema(() =>
  z.looseObject({
    Test: strings(),
    Interval: z.number().optional(),
    Timeout: z.number().optional(),
    StartPeriod: z.number().optional(),
    StartInterval: z.number().optional(),
    Retries: z.number().optional(),
  }),
);
export type DockerHealthcheck = z.infer<typeof DockerHealthcheck>;

/** With what Docker keeps of the container that the image was made of. */
export const DockerContainerConfig = lazySchema(() =>
  ContainerConfig.extend({
    Hostname: z.string().optional(),
    Domainname: z.string().optional(),
    AttachStdin: z.boolean().optional(),
    AttachStdout: z.boolean().optional(),
    AttachStderr: z.boolean().optional(),
    Tty: z.boolean().optional(),
    OpenStdin: z.boolean().optional(),
    StdinOnce: z.boolean().optional(),
    Image: z.string().optional(),
    NetworkDisabled: z.boolean().optional(),
    MacAddress: z.string().optional(),
    Healthcheck: DockerHealthcheck.nullish(),
    OnBuild: strings(),
    Shell: strings(),
    StopTimeout: z.number().nullish(),
  }),
);
export type DockerContainerConfig = z.infer<typeof DockerContainerConfig>;

/** The config of an image, with what Docker adds and has added to it. https://github.com/moby/docker-image-spec */
export const DockerImageConfig = lazySchema(() =>
  ImageConfig.extend({
    config: DockerContainerConfig.nullish(),
    id: z.string().optional(),
    parent: z.string().optional(),
    comment: z.string().optional(),
    container: z.string().optional(),
    container_config: DockerContainerConfig.nullish(),
    docker_version: z.string().optional(),
    Size: z.number().optional(),
  }),
);
export type DockerImageConfig = z.infer<typeof DockerImageConfig>;
