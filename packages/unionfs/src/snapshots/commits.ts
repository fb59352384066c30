/** How a layer comes into the store: made aside, moved to its place when it is complete. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { IdMaps } from '../layer/id-maps.ts';
import { overlayNamespace } from '../overlay-namespace.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { alone } from './alone.ts';
import type { BackendName, CommitLimits, Look, WriteOptions } from './backend.ts';
import { backends } from './choose-backend.ts';
import { lookAt } from './directory-backend.ts';
import { LayerLock } from './layer-lock.ts';
import { backendOf, flatOf, hasFlat, type Layer, type Layers } from './layers.ts';
import { layersInUse } from './layers-in-use.ts';
import { checkCommit } from './marks.ts';
import { layerName } from './names.ts';
import { moveInto, type Places } from './places.ts';
import { layerNote, writeLayerRecord } from './records.ts';
import { takeLayer } from './removal.ts';
import { syncFile } from './sync.ts';
import type { Work, Workplace } from './workplace.ts';

export interface CommitOptions extends CommitLimits {
  /** The chain id of the layer below. */
  readonly parent?: string | undefined;
  /**
   * The digest that the uncompressed layer must have; the layer is not taken in if it has another. Without it the layer is
   * believed to be the one that the chain id stands for: whoever wrote it decides what all images show that share the id.
   */
  readonly diffId?: string | undefined;
  /**
   * Give away the memory of what the stream delivers, as by postMessage(): for a stream whose pieces nobody else holds. It is
   * released as soon as it has been read, which saves a third of the time of a large layer in collections.
   */
  readonly transfer?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CommitContext {
  readonly places: Places;
  readonly layers: Layers;
  readonly workplace: Workplace;
  readonly backend: BackendName;
  readonly durable: boolean;
  /** Of all layers. */
  readonly owner: IdMaps | undefined;
}

/** Does nothing when the layer is here. While somebody else makes it, in whatever process, that is waited for. */
export async function commit(
  chainId: string,
  layer: Readable,
  options: CommitOptions,
  context: CommitContext,
): Promise<void> {
  const { places, layers } = context;
  if ((await layers.find(chainId)) !== undefined) return;
  using lock = await LayerLock.acquire(places.locks, layerName(chainId), options.signal);
  if ((await layers.find(chainId)) !== undefined) return;
  const stack = await alone(
    places.root,
    async () => {
      // From here on nobody prunes what it stands on.
      lock.note({ chainId, ...(options.parent !== undefined && { parent: options.parent }) });
      return await layers.stack(options.parent);
    },
    options.signal,
  );
  await make(chainId, layer, stack, options, context);
}

async function make(
  chainId: string,
  layer: Readable,
  stack: readonly Layer[],
  options: CommitOptions,
  context: CommitContext,
): Promise<void> {
  const { parent, diffId: expect, transfer, signal } = options;
  const { places, layers, workplace, backend, durable, owner } = context;
  const namespace = overlayNamespace();
  checkCommit(chainId, stack, namespace);
  await using work = await workplace.begin();
  const made = join(work.path, 'made');
  await mkdir(made);
  const looks = lookAtAll(stack, places.empty);
  try {
    const lower = looks.map(({ path }) => path);
    const applied = await backends[backend].write(layer, made, {
      lower,
      expect,
      durable,
      owner,
      transfer,
      signal,
      limits: limitsOf(options),
    });
    const { diffId, size, opaque } = applied;
    const record = { chainId, ...(parent !== undefined && { parent }), diffId, size, opaque, namespace, backend };
    await writeLayerRecord(made, record, durable);
  } finally {
    for (const look of looks) look[Symbol.dispose]();
  }
  if (durable) await syncFile(made);
  signal?.throwIfAborted();
  await alone(
    places.root,
    async () => {
      // It may have been removed by hand.
      await layers.stack(parent);
      await moveToPlace(chainId, made, work, context);
    },
    signal,
  );
  if (durable) await syncFile(places.layers);
}

/** What is there already is no layer: there was none when it was locked. */
async function moveToPlace(
  chainId: string,
  made: string,
  work: Work,
  { places, layers }: CommitContext,
): Promise<void> {
  const place = places.layer(chainId);
  if (await moveInto(made, place)) return;
  // Somebody has removed the lock by hand.
  if ((await layers.find(chainId)) !== undefined) return;
  const shown = (await layersInUse(places)).shown.get(place);
  if (shown === undefined && !existsSync(layerNote(place))) {
    await takeLayer(place, work);
    if (await moveInto(made, place)) return;
  }
  const what = 'its place is taken by what is no layer of that id';
  const remedy = `${shown === undefined ? '' : `unmount ${shown}, and `}remove ${place}`;
  throw new UnionfsError('STORE_DAMAGED', `cannot commit ${chainId}: ${what}; ${remedy}`);
}

/** The topmost first. An empty one says that there is nothing to hide; the flat form of one holds all that is below it. */
function lookAtAll(stack: readonly Layer[], empty: string): Look[] {
  if (stack.length === 0) return [lookAt(empty)];
  const looks: Look[] = [];
  try {
    for (const layer of stack) {
      if (hasFlat(layer)) return [...looks, lookAt(flatOf(layer))];
      looks.push(backendOf(layer).look(layer.directory));
    }
    return looks;
  } catch (error) {
    for (const look of looks) look[Symbol.dispose]();
    throw error;
  }
}

/** Without what is not told: the defaults are those of the form. */
function limitsOf({ maxEntries, maxBytes, maxRatio }: CommitLimits): WriteOptions['limits'] {
  return {
    ...(maxEntries !== undefined && { maxEntries }),
    ...(maxBytes !== undefined && { maxBytes }),
    ...(maxRatio !== undefined && { maxRatio }),
  };
}
