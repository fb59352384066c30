import type { DocumentProblem } from './document/problem.ts';
import { history, layerChain } from './document/sections.ts';
import type { ImageConfig } from './image-config.ts';
import type { ImageManifest } from './image-manifest.ts';

/** What does not fit between a manifest and its config. Warnings are about history, which nothing is made from. */
export function checkConsistency(
  manifest: Pick<ImageManifest, 'layers'>,
  config: Pick<ImageConfig, 'rootfs' | 'history'>,
): { errors: DocumentProblem[]; warnings: DocumentProblem[] } {
  const [layers, diffIds] = [manifest.layers.length, config.rootfs.diff_ids.length];
  const steps = config.history?.filter((step) => step.empty_layer !== true).length;
  const unequal = layers !== diffIds;
  const told = steps !== undefined && steps > 0 && steps !== diffIds;
  return {
    errors: unequal ? [problem('rootfs.diff_ids', `it has ${diffIds} diff ids for ${layers} layers`, layerChain)] : [],
    warnings: told ? [problem('history', `it tells of ${steps} layers and has ${diffIds} diff ids`, history)] : [],
  };
}

function problem(path: string, message: string, section: typeof history): DocumentProblem {
  return { code: 'DOCUMENT_INVALID', path, message, ...section };
}
