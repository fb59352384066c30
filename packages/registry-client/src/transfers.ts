import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import {
  type BlobWriter,
  type Descriptor,
  type Digest,
  type ImageLayout,
  ImageSpecError,
  type Reference,
} from '@estiba/image-spec';
import { blobChunks } from './blob.ts';
import type { Limit } from './limit.ts';
import type { TransferProgress } from './progress.ts';
import type { Transport } from './transport.ts';

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
  const opened = new Opened();
  report(options, descriptor, { done: 0, status: 'waiting' });
  const run = async () => {
    let writer: BlobWriter | undefined;
    do writer = await into.ingest(descriptor, { signal });
    while (writer !== undefined && !(await receive(writer, descriptor, options, opened)));
    if (writer === undefined) {
      opened.open(() => into.blob(descriptor, { signal }));
      report(options, descriptor, { done: descriptor.size, status: 'exists' });
    }
  };
  const complete = limit(run, { signal });
  // A blob that never got as far as being opened fails for its followers, too.
  const follow = async () => {
    await Promise.race([opened.first, complete]);
    return opened.follow();
  };
  return { complete, follow };
}

/** Where a blob can be followed, as soon as it can be. */
class Opened {
  readonly first: Promise<void>;
  #opened: () => void = () => {};
  #current: (() => Promise<Readable>) | undefined;
  /** Whether anybody has begun to read. */
  followed = false;

  constructor() {
    this.first = new Promise((resolve) => {
      this.#opened = resolve;
    });
  }

  open(current: () => Promise<Readable>): void {
    this.#current = current;
    this.#opened();
  }

  /** After `first`. */
  follow(): Promise<Readable> {
    this.followed = true;
    return (this.#current as () => Promise<Readable>)();
  }
}

/** Returns false where what an earlier process left was wrong: it is gone, and the blob is to be fetched from its start. */
async function receive(
  writer: BlobWriter,
  descriptor: Descriptor,
  options: TransferOptions,
  opened: Opened,
): Promise<boolean> {
  await using _ = writer;
  const resumed = writer.size;
  opened.open(async () => writer.follow());
  try {
    await copy(writer, descriptor, options);
    await writer.commit();
  } catch (error) {
    // Those who follow fail with the reason, not with the end of the writer.
    await writer.abort(error);
    const wrong = error instanceof ImageSpecError && error.code === 'DIGEST_MISMATCH';
    if (wrong && resumed > 0 && !opened.followed) return false;
    throw error;
  }
  report(options, descriptor, { done: descriptor.size, status: 'complete' });
  return true;
}

async function copy(writer: BlobWriter, descriptor: Descriptor, options: TransferOptions): Promise<void> {
  const { transport, reference, signal } = options;
  const start = writer.size;
  let reported = start;
  report(options, descriptor, { done: start, status: 'transferring', ...(start > 0 && { resumed: start }) });
  for await (const chunk of blobChunks(transport, { reference, descriptor, start, signal })) {
    // Nobody else sees what the connection delivers.
    await writer.write(chunk, { transfer: true });
    if (writer.size - reported < reportEvery) continue;
    reported = writer.size;
    report(options, descriptor, { done: reported, status: 'transferring' });
    // Or a connection that always has more would keep whoever follows the blob waiting: a fifth of a pull, and of the download.
    await setImmediate();
  }
}

function report(
  { onProgress }: TransferOptions,
  { digest, size }: Descriptor,
  progress: Pick<TransferProgress, 'done' | 'status' | 'resumed'>,
): void {
  onProgress?.({ digest, total: size, ...progress });
}
