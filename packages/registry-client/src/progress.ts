import type { Digest } from '@estiba/image-spec';

/** How far a blob has come on its way, from a registry or to one. */
export interface TransferProgress {
  readonly digest: Digest;
  /** Bytes that are there, whoever brought them. */
  readonly done: number;
  /** Bytes. */
  readonly total: number;
  /** `exists`: it was there already. `mounted`: the registry took it from another of its repositories. */
  readonly status: 'waiting' | 'transferring' | 'exists' | 'mounted' | 'complete';
  /** Where the last attempt went on: so many bytes are there of those before it, in this process or an earlier one. */
  readonly resumed?: number;
}

export interface TransferSummary {
  /** Bytes that are there, of all blobs heard of so far. */
  readonly done: number;
  /** Bytes, of all blobs heard of so far. */
  readonly total: number;
  /** Bytes that nobody had to move: they existed or were mounted. */
  readonly present: number;
  /** Bytes at which blobs were gone on with, that did not have to be moved again. */
  readonly resumed: number;
  /** Bytes that are moved in a second, over the last few seconds. */
  readonly rate: number;
}

/** Adds up the progress of many blobs: what a display shows below the last of them. */
export class TransferTotals {
  readonly #blobs = new Map<Digest, TransferProgress>();
  readonly #now: () => number;
  readonly #samples: { time: number; moved: number }[];
  #moved = 0;

  /** `now` tells the time in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#samples = [{ time: now(), moved: 0 }];
  }

  /** The latest of each blob, in the order in which they were heard of. */
  get blobs(): TransferProgress[] {
    return [...this.#blobs.values()];
  }

  update(progress: TransferProgress): void {
    const before = this.#blobs.get(progress.digest);
    this.#blobs.set(progress.digest, { ...before, ...progress });
    const from = before !== undefined && before.status !== 'waiting' ? before.done : (progress.resumed ?? 0);
    // An attempt that had to go back does not undo that bytes were moved.
    if (!isPresent(progress)) this.#moved += Math.max(progress.done - from, 0);
    const time = this.#now();
    const last = this.#samples.at(-1);
    if (last !== undefined && time - last.time < spacing) return;
    this.#samples.push({ time, moved: this.#moved });
    while ((this.#samples[1]?.time ?? time) <= time - span) this.#samples.shift();
  }

  summary(): TransferSummary {
    const { blobs } = this;
    const [first] = this.#samples;
    const seconds = (this.#now() - (first?.time ?? 0)) / 1000;
    return {
      done: sum(blobs, ({ done }) => done),
      total: sum(blobs, ({ total }) => total),
      present: sum(blobs, (blob) => (isPresent(blob) ? blob.done : 0)),
      resumed: sum(blobs, ({ resumed = 0 }) => resumed),
      rate: seconds > 0 ? (this.#moved - (first?.moved ?? 0)) / seconds : 0,
    };
  }
}

/** Milliseconds over which a rate is measured, and between two measurements. */
const span = 3000;
const spacing = 100;

function isPresent({ status }: TransferProgress): boolean {
  return status === 'exists' || status === 'mounted';
}

function sum(blobs: readonly TransferProgress[], bytes: (blob: TransferProgress) => number): number {
  return blobs.reduce((total, blob) => total + bytes(blob), 0);
}
