import type { ImageView } from '../view/image-view.ts';
import { DraftImage } from './draft-image.ts';
import { toOci } from './image-parts.ts';

/** An image of Docker as one of the OCI: another manifest, the same config and layers, and so the same image id. */
export function convertToOci(image: ImageView): ImageView {
  return new DraftImage(async (take) => toOci(await take(image)));
}
