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
import type { Place } from './places.ts';
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
/** Of what an earlier process left, of each mirror, of the registry itself. */
const mostAttempts = 5;

function begin(descriptor: Descriptor, options: TransferOptions): Transfer {
  const { into, limit, signal } = options;
  const opened = new Opened();
  const run = async () => {
    let writer: BlobWriter | undefined;
    let left = mostAttempts;
    do writer = await into.ingest(descriptor, { signal });
    while (writer !== undefined && !(await receive(writer, descriptor, options, { opened, last: --left === 0 })));
    if (writer === undefined) {
      opened.open(() => into.blob(descriptor, { signal }));
      report(options, descriptor, { done: descriptor.size, status: 'exists' });
    }
  };
  // Whoever is told may throw: that is a failure of this blob, which somebody waits for.
  const wait = async () => {
    report(options, descriptor, { done: 0, status: 'waiting' });
    await limit(run, { signal });
  };
  const complete = wait();
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

/**
 * Returns false where what an earlier process left was wrong, or what a mirror sent: it is gone, and the blob is to be fetched
 * from its start, and not from there.
 */
async function receive(
  writer: BlobWriter,
  descriptor: Descriptor,
  options: TransferOptions,
  { opened, last }: { opened: Opened; last: boolean },
): Promise<boolean> {
  await using _ = writer;
  const resumed = writer.size;
  const mirrors = new Set<Place>();
  opened.open(async () => writer.follow());
  try {
    await copy(writer, descriptor, mirrors, options);
    await writer.commit();
  } catch (error) {
    // Those who follow fail with the reason, not with the end of the writer.
    await writer.abort(error);
    options.transport.distrust(mirrors, options.reference, error);
    const wrong = error instanceof ImageSpecError && ['DIGEST_MISMATCH', 'SIZE_MISMATCH'].includes(error.code);
    if (wrong && (resumed > 0 || mirrors.size > 0) && !opened.followed && !last) return false;
    throw error;
  }
  report(options, descriptor, { done: descriptor.size, status: 'complete' });
  return true;
}

async function copy(
  writer: BlobWriter,
  descriptor: Descriptor,
  mirrors: Set<Place>,
  options: TransferOptions,
): Promise<void> {
  const { transport, reference, signal } = options;
  const start = writer.size;
  let reported = start;
  report(options, descriptor, { done: start, status: 'transferring', ...(start > 0 && { resumed: start }) });
  for await (const chunk of blobChunks(transport, { reference, descriptor, start, mirrors, signal })) {
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
