import { mediaTypes } from '@estiba/image-spec';

const { index, manifest, dockerIndex, dockerManifest } = mediaTypes;

/** For requests of manifests: every form that we can read, as it is stored. Without, old registries convert. */
export const acceptManifests: Readonly<Record<string, string>> = {
  accept: [index, manifest, dockerIndex, dockerManifest].join(', '),
  'accept-encoding': 'identity',
};
