import { mountsBelow } from '../mounts/mounts-below.ts';
import { overlayNamespace } from '../overlay-namespace.ts';
import { alone } from './alone.ts';
import { backendOf, type Layer, type Layers } from './layers.ts';
import type { Places } from './places.ts';

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

/** Hides what somebody who was killed has left shown, and no snapshot stands on. */
export async function hideLeft(places: Places, layers: Layers, standings: () => Promise<Standings>): Promise<void> {
  // Only root of the machine can have them shown.
  if (overlayNamespace() !== 'trusted' || (await mountsBelow(places.layers)).length === 0) return;
  await alone(places.root, async () => {
    const { parents, damaged } = await standings();
    if (damaged.length > 0) return;
    const needed = new Map<string, Layer | undefined>();
    await layers.addWithParents(
      parents.map(({ parent }) => parent),
      needed,
      { damaged: 'skip' },
    );
    for (const { directory, record } of await layers.all()) {
      if (record !== undefined && !needed.has(record.chainId)) backendOf({ record }).hide(directory);
    }
  });
}
