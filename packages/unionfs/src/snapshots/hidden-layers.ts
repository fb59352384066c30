import { backendOf, type Layer, type Layers } from './layers.ts';

/** What all snapshots stand on, and those of which that is not known. */
export interface Standings {
  readonly parents: readonly { readonly name: string; readonly parent: string }[];
  readonly damaged: readonly string[];
}

/** Hides, of the layers that a snapshot stood on, those that no other stands on. To be called alone in the store. */
export async function hideUnneeded(
  top: string | undefined,
  layers: Layers,
  standings: () => Promise<Standings>,
): Promise<void> {
  if (top === undefined) return;
  const [candidates, needed] = [new Map<string, Layer | undefined>(), new Map<string, Layer | undefined>()];
  await layers.addWithParents([top], candidates, { damaged: 'skip' });
  if (![...candidates.values()].some((layer) => layer?.record.backend === 'erofs')) return;
  const { parents, damaged } = await standings();
  // They may stand on any; what is shown for nobody then, `prune` hides once that is settled.
  if (damaged.length > 0) return;
  const others = parents.map(({ parent }) => parent);
  await layers.addWithParents(others, needed, { damaged: 'skip' });
  for (const [chainId, layer] of candidates) {
    if (layer !== undefined && !needed.has(chainId)) backendOf(layer).hide(layer.directory);
  }
}
