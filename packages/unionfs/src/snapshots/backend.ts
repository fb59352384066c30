/** The two forms in which a store keeps the content of a layer. */
import type { Readable } from 'node:stream';
import type { AppliedLayer } from '../layer/apply-layer.ts';
import type { IdMaps } from '../layer/id-maps.ts';

export type BackendName = 'directory' | 'erofs';

/** Against bombs; what is not told is as for `applyLayer`. */
export interface CommitLimits {
  readonly maxEntries?: number | undefined;
  /** Bytes of content. */
  readonly maxBytes?: number | undefined;
  /** How many times as large as compressed; the first GiB is free. */
  readonly maxRatio?: number | undefined;
}

export interface WriteOptions {
  /** The layers below, the topmost first; at least one, if only an empty one. */
  readonly lower: readonly string[];
  /** The digest that the uncompressed layer must have. */
  readonly expect?: string | undefined;
  /** Come back when the content would survive a power cut. */
  readonly durable: boolean;
  readonly limits: { readonly maxEntries?: number; readonly maxBytes?: number; readonly maxRatio?: number };
  /** Owners are shifted, as those of the layers below were. */
  readonly owner?: IdMaps | undefined;
  readonly transfer?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A layer that can be looked at until this is disposed of, whoever unmounts or removes it meanwhile. */
export interface Look extends Disposable {
  readonly path: string;
}

/** All of them are given the directory of a layer, in which they own everything but the record. */
export interface Backend {
  readonly name: BackendName;
  /** Fills a directory that is new and of the store's own making. What is there after an error is worth nothing. */
  write(layer: Readable, directory: string, options: WriteOptions): Promise<AppliedLayer>;
  look(directory: string): Look;
  /** Makes `fs` in it the content, as overlayfs takes it, in this mount namespace and until `hide`. Twice is harmless. */
  show(directory: string): void;
  /** Overlays that stand on it go on. Without `show` before it is harmless. */
  hide(directory: string): void;
  /** The file or directory that takes the room on the disk. */
  contentIn(directory: string): string;
  /** The layer as an uncompressed tar; `undefined` when the bytes it came as are gone. */
  original(directory: string): Readable | undefined;
}
