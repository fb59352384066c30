/** Images made by hand, in memory. */
import {
  type Descriptor,
  digestOf,
  type ImageConfig,
  type ImageView,
  MemoryStore,
  mediaTypes,
  openImage,
} from '../src/index.ts';

export interface MadeLayer {
  /** As stored. */
  readonly bytes: Uint8Array;
  /** Uncompressed. */
  readonly tar?: Uint8Array;
  readonly mediaType?: string;
}

export interface MadeOptions {
  readonly config?: Partial<ImageConfig>;
  readonly docker?: boolean;
  readonly store?: MemoryStore;
}

export interface Made {
  readonly store: MemoryStore;
  readonly descriptor: Descriptor;
  readonly image: ImageView;
}

export async function made(
  layers: readonly (MadeLayer | Uint8Array | string)[],
  options: MadeOptions = {},
): Promise<Made> {
  const { store = new MemoryStore(), docker = false, config = {} } = options;
  const all = layers.map((layer): MadeLayer => {
    if (typeof layer === 'string') return { bytes: Buffer.from(layer) };
    return layer instanceof Uint8Array ? { bytes: layer } : layer;
  });
  const layerType = docker ? mediaTypes.dockerLayer : mediaTypes.layer;
  const manifestType = docker ? mediaTypes.dockerManifest : mediaTypes.manifest;
  const descriptors = all.map(({ bytes, mediaType = layerType }) => store.add(bytes, mediaType));
  const rootfs = { type: 'layers', diff_ids: all.map(({ bytes, tar = bytes }) => digestOf(tar)) };
  const document = { architecture: 'amd64', os: 'linux', ...config, rootfs };
  const stored = store.addJson(document, docker ? mediaTypes.dockerConfig : mediaTypes.config);
  const descriptor = store.addJson(
    { schemaVersion: 2, mediaType: manifestType, config: stored, layers: descriptors },
    manifestType,
  );
  return { store, descriptor, image: await openImage(store, descriptor) };
}
