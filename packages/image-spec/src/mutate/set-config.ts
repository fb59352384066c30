import { ImageSpecError } from '../error.ts';
import type { ContainerConfig, ImageConfig } from '../image-config.ts';
import type { ImageView } from '../view/image-view.ts';
import { type CreatedOptions, createdTime } from './created.ts';
import { DraftImage } from './draft-image.ts';
import { fullHistory, type HistoryEntry } from './history.ts';

/** What to set; `undefined` takes a field away. What starts a container is set field by field, everything else as a whole. */
export type ConfigPatch = {
  readonly [Field in Exclude<keyof ImageConfig, 'config' | 'rootfs' | 'history'>]?: ImageConfig[Field] | undefined;
} & { readonly config?: { readonly [Field in keyof ContainerConfig]?: ContainerConfig[Field] | undefined } };

export interface SetConfigOptions extends CreatedOptions {
  /** Notes the change as one without a layer, for `docker history`. */
  readonly history?: HistoryEntry | undefined;
}

/**
 * The image with another config. The new one has to be right, and keep its diff ids, or reading the image throws
 * DOCUMENT_INVALID.
 */
export function setConfig(
  image: ImageView,
  change: ConfigPatch | ((config: ImageConfig) => ImageConfig),
  options: SetConfigOptions = {},
): ImageView {
  const created = createdTime(options);
  const when = created === undefined ? {} : { created };
  return new DraftImage(async (take) => {
    const base = await take(image);
    const changed = typeof change === 'function' ? change(structuredClone(base.config)) : patched(base.config, change);
    if (String(changed.rootfs?.diff_ids) !== String(base.config.rootfs.diff_ids)) throw otherLayers();
    const { history } = options;
    const noted = history && [...fullHistory(changed), { ...when, ...history, empty_layer: true }];
    return { ...base, stored: undefined, config: { ...changed, ...when, ...(noted && { history: noted }) } };
  });
}

function patched(config: ImageConfig, { config: container, ...rest }: ConfigPatch): ImageConfig {
  const changed = { ...config, ...rest } as ImageConfig;
  return container === undefined
    ? changed
    : { ...changed, config: { ...config.config, ...container } as ContainerConfig };
}

function otherLayers(): ImageSpecError {
  return new ImageSpecError(
    'DOCUMENT_INVALID',
    'cannot set the config: its diff ids name the layers and have to stay; use appendLayers or rebase to change these',
    { path: 'rootfs.diff_ids' },
  );
}
