import type { ImageView } from '../view/image-view.ts';
import { type CreatedOptions, createdTime } from './created.ts';
import { DraftImage } from './draft-image.ts';
import { dockerType, ociType } from './families.ts';
import { fullHistory, orNone } from './history.ts';
import { type ImageParts, type PartLayer, toOci } from './image-parts.ts';
import { type NewLayer, settleLayer } from './new-layer.ts';

/**
 * The image with more layers on top, lowest first. Nothing is read before somebody asks for the new image's documents, except
 * that a wrong time is refused at once (TIME_INVALID). Docker's image stays one as long as Docker has a media type for each
 * new layer; otherwise it becomes one of the OCI.
 */
export function appendLayers(image: ImageView, layers: readonly NewLayer[], options: CreatedOptions = {}): ImageView {
  const created = createdTime(options);
  return new DraftImage(async (take, into) => {
    const base = await take(image);
    const added: PartLayer[] = [];
    for (const layer of layers) added.push(await settleLayer(layer, base.family, into));
    const stays = base.family === 'docker' && added.every(({ descriptor }) => dockerType(descriptor.mediaType));
    const { family, ...below } = stays ? base : toOci(base);
    const parts: ImageParts = { ...below, family, layers: [...below.layers, ...added.map(inWordsOf(family))] };
    return { ...parts, stored: undefined, config: grownConfig(parts, layers, created) };
  });
}

function inWordsOf(family: ImageParts['family']): (layer: PartLayer) => PartLayer {
  return ({ descriptor, ...layer }) => {
    const { mediaType } = descriptor;
    const translated = family === 'docker' ? (dockerType(mediaType) ?? mediaType) : ociType(mediaType);
    return { ...layer, descriptor: { ...descriptor, mediaType: translated } };
  };
}

function grownConfig(
  { config, layers }: ImageParts,
  added: readonly NewLayer[],
  created: string | undefined,
): ImageParts['config'] {
  const when = created === undefined ? {} : { created };
  return {
    ...config,
    ...when,
    rootfs: { ...config.rootfs, diff_ids: layers.map(({ diffId }) => diffId) },
    ...orNone(
      [...fullHistory(config), ...added.map(({ history }) => ({ ...when, ...history, empty_layer: undefined }))],
      config.history,
      ...added.map(({ history }) => history),
    ),
  };
}
