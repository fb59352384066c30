import type { Descriptor } from '../descriptor.ts';

/** An image that an archive holds. */
export interface ArchivedImage {
  /** Of its manifest or index. */
  readonly descriptor: Descriptor;
  /** As the archive has them: `alpine:3`, `docker.io/library/alpine:3` or only `3`, depending on who wrote it. */
  readonly names: readonly string[];
}

/** `docker-archive`: as `docker save`. `oci-archive`: an image layout in a tar, as `podman save --format oci-archive`. */
export type ArchiveFormat = 'docker-archive' | 'oci-archive';
