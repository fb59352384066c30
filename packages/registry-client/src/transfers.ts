import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { Descriptor, Digest, ImageLayout, Reference } from '@estiba/image-spec';
import { blobChunks } from './blob.ts';
import type { Limit } from './limit.ts';
import type { Transport } from './transport.ts';

export interface TransferProgress {
  readonly digest: Digest;
  /** Bytes. */
  readonly done: number;
  /** Bytes. */
  readonly total: number;
  readonly status: 'transferring' | 'exists' | 'complete';
}

export interface TransferOptions {
  readonly transport: Transport;
  readonly reference: Reference;
  readonly into: ImageLayout;
  readonly limit: Limit;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}

/** A blob on its way into a layout. */
export interface Transfer {
  /** When the blob is in the layout, verified. */
  readonly complete: Promise<void>;
  /** The blob as it arrives. The stream ends only after the blob has been verified, and fails otherwise. */
  readonly follow: () => Promise<Readable>;
}

/** The blobs of one image, each fetched once however often it is named. */
export class Transfers {
  readonly #options: TransferOptions;
  readonly #transfers = new Map<Digest, Transfer>();

  constructor(options: TransferOptions) {
    this.#options = options;
  }

  fetch(descriptor: Descriptor): Transfer {
    const found = this.#transfers.get(descriptor.digest) ?? begin(descriptor, this.#options);
    this.#transfers.set(descriptor.digest, found);
    return found;
  }
}

const reportEvery = 1024 * 1024;

function begin(descriptor: Descriptor, options: TransferOptions): Transfer {
  const { into, limit, signal } = options;
  let open: (follow: () => Promise<Readable>) => void = () => {};
  const opened = new Promise<() => Promise<Readable>>((resolve) => {
    open = resolve;
  });
  const complete = limit(async () => {
    signal.throwIfAborted();
    if (await into.has(descriptor)) {
      open(() => into.blob(descriptor, { signal }));
      report(options, descriptor, descriptor.size, 'exists');
      return;
    }
    await using writer = await into.writer(descriptor);
    open(async () => writer.follow());
    try {
      // Nobody else sees what the connection delivers.
      await receive(descriptor, options, (chunk) => writer.write(chunk, { transfer: true }));
      await writer.commit();
    } catch (error) {
      // Those who follow fail with the reason, not with the end of the writer.
      await writer.abort(error);
      throw error;
    }
    report(options, descriptor, descriptor.size, 'complete');
  });
  // A blob that never got as far as being opened fails for its followers, too.
  const follow = async () => (await Promise.race([opened, complete.then(() => opened)]))();
  return { complete, follow };
}

async function receive(
  descriptor: Descriptor,
  options: TransferOptions,
  write: (chunk: Buffer) => Promise<void> | undefined,
): Promise<void> {
  const { transport, reference, signal } = options;
  let done = 0;
  let reported = 0;
  report(options, descriptor, 0, 'transferring');
  for await (const chunk of blobChunks(transport, { reference, descriptor, signal })) {
    // Before it is given away: nothing is left of it afterwards.
    done += chunk.length;
    await write(chunk);
    if (done - reported < reportEvery) continue;
    reported = done;
    report(options, descriptor, done, 'transferring');
    // Or a connection that always has more would keep whoever follows the blob waiting: a fifth of a pull, and of the download.
    await setImmediate();
  }
}

function report(
  { onProgress }: TransferOptions,
  { digest, size }: Descriptor,
  done: number,
  status: TransferProgress['status'],
): void {
  onProgress?.({ digest, done, total: size, status });
}
