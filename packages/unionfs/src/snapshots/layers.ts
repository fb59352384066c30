import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UnionfsError } from '../unionfs-error.ts';
import type { Backend } from './backend.ts';
import { backends } from './choose-backend.ts';
import type { Places } from './places.ts';
import { type LayerRecord, layerNote, readLayerRecord } from './records.ts';

/** One that is complete. */
export interface Layer {
  readonly directory: string;
  readonly record: LayerRecord;
}

/** The layers that a store has. */
export class Layers {
  readonly #places: Places;
  /** A record is never changed, only removed, and perhaps made again: as another file. */
  readonly #records = new Map<string, { readonly file: string; readonly record: LayerRecord }>();

  constructor(places: Places) {
    this.#places = places;
  }

  async find(chainId: string): Promise<Layer | undefined> {
    const directory = this.#places.layer(chainId);
    const record = await this.#read(directory);
    return record?.chainId === chainId ? { directory, record } : undefined;
  }

  async get(chainId: string): Promise<Layer> {
    const layer = await this.find(chainId);
    if (layer !== undefined) return layer;
    throw new UnionfsError('LAYER_MISSING', `there is no layer ${chainId} in ${this.#places.root}; commit it first`);
  }

  /** Those that make up a chain, the topmost first, down to one that hides all below it. */
  async stack(top: string | undefined): Promise<Layer[]> {
    const stack: Layer[] = [];
    for (let chainId = top; chainId !== undefined; ) {
      const layer = await this.get(chainId);
      stack.push(layer);
      chainId = layer.record.opaque ? undefined : layer.record.parent;
    }
    return stack;
  }

  /**
   * Adds those given and all below them, as far as they are here; what has been added before is not looked at again. Of one
   * whose note cannot be read nobody knows what is below: throws STORE_DAMAGED, or leaves it at that.
   */
  async addWithParents(
    chainIds: Iterable<string>,
    to: Map<string, Layer | undefined>,
    { damaged = 'throw' }: { readonly damaged?: 'throw' | 'skip' } = {},
  ): Promise<void> {
    for (const top of chainIds) {
      for (let chainId: string | undefined = top; chainId !== undefined && !to.has(chainId); ) {
        const found = this.find(chainId);
        const layer: Layer | undefined = await (damaged === 'throw' ? found : unlessDamaged(found));
        to.set(chainId, layer);
        chainId = layer?.record.parent;
      }
    }
  }

  /** All directories of layers, whether anything in them can be used or not; `record` as far as it can be read. */
  async all(): Promise<{ directory: string; record: LayerRecord | undefined }[]> {
    const names = (await readdir(this.#places.layers)).sort();
    const directories = names.map((name) => join(this.#places.layers, name));
    return await Promise.all(
      directories.map(async (directory) => ({ directory, record: await unlessDamaged(this.#read(directory)) })),
    );
  }

  async #read(directory: string): Promise<LayerRecord | undefined> {
    const stats = statSync(layerNote(directory), { throwIfNoEntry: false });
    if (stats === undefined) {
      this.#records.delete(directory);
      return undefined;
    }
    const file = `${stats.ino} ${stats.mtimeMs} ${stats.size}`;
    const known = this.#records.get(directory);
    if (known?.file === file) return known.record;
    const record = await readLayerRecord(directory);
    if (record !== undefined) this.#records.set(directory, { file, record });
    return record;
  }
}

async function unlessDamaged<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof UnionfsError && error.code === 'STORE_DAMAGED') return undefined;
    throw error;
  }
}

/** How a layer is handled. */
export function backendOf({ record }: { readonly record: LayerRecord }): Backend {
  return backends[record.backend];
}

/** Where overlayfs finds its content, once that is shown. */
export function contentOf({ directory }: Layer): string {
  return join(directory, 'fs');
}

/** Where it and all below it are as one. */
export function flatOf({ directory }: Layer): string {
  return join(directory, 'flat');
}

export function hasFlat(layer: Layer): boolean {
  return existsSync(flatOf(layer));
}
