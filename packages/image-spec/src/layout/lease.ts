import { appendFile, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, isDigest } from '../digest.ts';
import { orAborted } from '../or-aborted.ts';
import { acquire } from './lock.ts';
import { ownedName, ownerState } from './owner.ts';
import { layoutLockPath, leaseDirectory } from './places.ts';

/** What a process needs of a layout before it has a name: no process prunes it until this is disposed of, or its own process ends. */
export interface Lease extends AsyncDisposable {
  /**
   * When it resolves, a blob that is there stays, and one that is not there yet will. Ask whether it is there afterwards. It
   * rejects when the lease is disposed of meanwhile.
   */
  add(...digests: readonly Digest[]): Promise<void>;
}

export interface LeaseOptions {
  /** Ends what `add` waits for. */
  readonly signal?: AbortSignal | undefined;
}

export async function openLease(layout: string, { signal }: LeaseOptions = {}): Promise<Lease> {
  signal?.throwIfAborted();
  const disposed = new AbortController();
  const ends = signal === undefined ? disposed.signal : AbortSignal.any([disposed.signal, signal]);
  const path = join(leaseDirectory(layout), ownedName());
  await writeFile(path, '', { flag: 'wx' });
  const touch = () => void utimes(path, new Date(), new Date()).catch(() => {});
  const alive = setInterval(touch, touchEvery).unref();
  let last: Promise<void> = Promise.resolve();
  return {
    add(...digests) {
      const added = last.then(() => append(layout, path, digests, ends));
      last = added.catch(() => {});
      return added;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(alive);
      disposed.abort(new Error(`cannot lease anything in ${layout}: the lease was disposed of`));
      await last;
      await rm(path, { force: true });
    },
  };
}

/** The lease, of which nobody waits for longer than until the signal comes. */
export function obeying(lease: Pick<Lease, 'add'>, signal: AbortSignal | undefined): Pick<Lease, 'add'> {
  return { add: (...digests) => orAborted(lease.add(...digests), signal) };
}

/** What living processes have leased. */
export async function leasedBlobs(layout: string): Promise<Set<Digest>> {
  const leased = new Set<Digest>();
  for (const name of await readdir(leaseDirectory(layout))) {
    const path = join(leaseDirectory(layout), name);
    const state = ownerState(name);
    if (state === 'ended' || (state === 'unknown' && (await isOld(path)))) continue;
    // It may be given up in this moment.
    const text = await readFile(path, 'utf8').catch(ignoreMissing);
    if (text === undefined) continue;
    for (const digest of text.split('\n')) if (isDigest(digest)) leased.add(digest);
  }
  return leased;
}

/** Milliseconds. */
const touchEvery = 60_000;
const oldTooLong = 60 * 60 * 1000;

// Under the lock under which blobs are removed: who has leased and then finds a blob can rely on it.
async function append(layout: string, path: string, digests: readonly Digest[], signal: AbortSignal): Promise<void> {
  await using _ = await acquire(layoutLockPath(layout), { signal });
  await appendFile(path, digests.map((digest) => `${digest}\n`).join(''), { flag: 'a' });
}

async function isOld(path: string): Promise<boolean> {
  const file = await stat(path).catch(ignoreMissing);
  return file === undefined || Date.now() - file.mtimeMs > oldTooLong;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
