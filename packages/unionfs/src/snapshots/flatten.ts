/** A stack too high to be mounted: its lower part made one. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { diffLayer } from '../diff/diff-layer.ts';
import { packTree } from '../diff/pack-tree.ts';
import { applyLayer } from '../layer/apply-layer.ts';
import { alone } from './alone.ts';
import type { Look } from './backend.ts';
import { lookAt } from './directory-backend.ts';
import { inheritRoot } from './inherit-root.ts';
import { LayerLock } from './layer-lock.ts';
import { backendOf, flatOf, hasFlat, type Layer, type Layers } from './layers.ts';
import { layerName } from './names.ts';
import { moveInto, type Places } from './places.ts';
import { beginSync, syncFile } from './sync.ts';
import type { Workplace } from './workplace.ts';

export interface FlattenContext {
  readonly places: Places;
  readonly layers: Layers;
  readonly workplace: Workplace;
  readonly durable: boolean;
}

/**
 * Makes of these layers, the topmost first, one directory, which is kept with the topmost as long as that is. It holds copies,
 * and takes room on the disk. Nothing is mounted for it: the layers are applied one after the other.
 */
export async function flatten(
  bottom: readonly Layer[],
  { places, layers, workplace, durable }: FlattenContext,
  signal?: AbortSignal,
): Promise<void> {
  const top = bottom[0] as Layer;
  const { chainId } = top.record;
  using lock = await LayerLock.acquire(places.locks, `${layerName(chainId)}.flat`, signal);
  if (hasFlat(top)) return;
  await alone(
    places.root,
    async () => {
      lock.note({ chainId });
      await layers.stack(chainId);
    },
    signal,
  );
  await using work = await workplace.begin();
  const made = join(work.path, 'made');
  await mkdir(made);
  using sync = beginSync(made);
  for (const layer of fromTheBottomUp(bottom)) {
    using content = layer.look();
    await applyLayer(layer.pack(content.path), made, signal === undefined ? {} : { signal });
  }
  using look = backendOf(top).look(top.directory);
  inheritRoot(look.path, made);
  if (durable) await sync.finish(signal);
  await alone(
    places.root,
    async () => {
      await layers.get(chainId);
      await moveInto(made, flatOf(top));
    },
    signal,
  );
  if (durable) await syncFile(top.directory);
}

interface Part {
  readonly look: () => Look;
  readonly pack: (path: string) => Readable;
}

/**
 * Where some of it is flat already, from there. As overlayfs sees each, not as it came: a layer that contradicts itself is
 * applied anew to what is below otherwise than it was to nothing.
 */
function fromTheBottomUp(bottom: readonly Layer[]): Part[] {
  const start = bottom.findIndex(hasFlat);
  const [above, flat] = start === -1 ? [bottom, undefined] : [bottom.slice(0, start), bottom[start]];
  const first =
    flat === undefined ? [] : [{ look: () => lookAt(flatOf(flat)), pack: (path: string) => packTree(path) }];
  return [...first, ...above.toReversed().map(changesOf)];
}

function changesOf(layer: Layer): Part {
  const { directory, record } = layer;
  return {
    look: () => backendOf(layer).look(directory),
    pack: (upper) => diffLayer({ upper, namespace: record.namespace }),
  };
}
