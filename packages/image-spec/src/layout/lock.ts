/**
 * Locks among processes, by nothing but link(2): a second name for a file that says whose it is.
 *
 *     .ingest/<owner>        the claim: a file whose content is its name
 *     link ──> x.lock        one can; all others get EEXIST, read whose it is, and come again
 *     x.lock.<holder>.lock   the right to take x.lock from a holder who has died, itself such a lock
 *
 * Without that right two could find the same dead holder, and the slower one would take the lock of the quicker. A holder
 * in another pid namespace, or on another machine, cannot be asked whether it lives; it touches its lock while it does.
 */
import { readFileSync } from 'node:fs';
import { link, readFile, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../digest.ts';
import { ownedName, ownerState } from './owner.ts';

export interface Lock extends AsyncDisposable {
  /** Whether the one before may still be at work: it could not be asked, and showed no sign of life. */
  readonly doubtful: boolean;
  /** Whether it is still ours: who shows no sign of life may lose it. */
  isHeld(): boolean;
}

/** Waits for the lock. Rejects with the signal's reason. */
export async function acquire(path: string, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<Lock> {
  const isSilent = watch(path);
  for (let pause = 1; ; pause = Math.min(pause * 1.5, longestPause)) {
    signal?.throwIfAborted();
    const lock = await tryAcquire(path, isSilent);
    if (lock !== undefined) return lock;
    await sleep(pause * (0.5 + Math.random()), undefined, { signal }).catch(() => {});
  }
}

/** The lock, unless somebody has it. `isSilent` judges a holder that cannot be asked. */
export async function tryAcquire(path: string, isSilent: IsSilent = () => isOld(path)): Promise<Lock | undefined> {
  const holder = await holderOf(path);
  const state = holder === undefined ? 'ended' : ownerState(holder);
  if (state === 'running' || (state === 'unknown' && !(await isSilent(holder as string)))) return undefined;
  if (holder !== undefined && !(await take(path, holder))) return undefined;
  return claim(path, state === 'unknown');
}

type IsSilent = (holder: string) => Promise<boolean>;

/** Milliseconds. */
const longestPause = 50;
const touchEvery = 5_000;
const silentTooLong = 30_000;
const oldTooLong = 60 * 60 * 1000;

/** By a clock of our own that stands still while the machine sleeps, as the holder does. */
function watch(path: string): IsSilent {
  let last = { holder: '', touched: 0, since: 0 };
  return async (holder) => {
    const touched = await touchedAt(path);
    if (last.holder !== holder || last.touched !== touched) last = { holder, touched, since: performance.now() };
    return performance.now() - last.since > silentTooLong;
  };
}

async function isOld(path: string): Promise<boolean> {
  return Date.now() - (await touchedAt(path)) > oldTooLong;
}

async function touchedAt(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now();
}

async function holderOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(ignore('ENOENT'));
}

/** Whether the lock is free now. Nobody else takes it from that holder at the same time, and no name is ever given twice. */
async function take(path: string, holder: string): Promise<boolean> {
  const right = digestOf(holder).slice(-12);
  await using mine = await tryAcquire(`${path}.${right}.lock`);
  if (mine === undefined) return false;
  if ((await holderOf(path)) === holder) await unlink(path);
  return true;
}

async function claim(path: string, doubtful: boolean): Promise<Lock | undefined> {
  const owner = ownedName();
  const own = join(dirname(path), owner);
  await writeFile(own, owner, { flag: 'wx' });
  try {
    await link(own, path);
    return held(path, owner, doubtful);
  } catch (error) {
    return ignore('EEXIST')(error);
  } finally {
    await rm(own, { force: true });
  }
}

function held(path: string, owner: string, doubtful: boolean): Lock {
  const isHeld = () => {
    try {
      return readFileSync(path, 'utf8') === owner;
    } catch {
      return false;
    }
  };
  const touch = () => {
    if (isHeld()) utimes(path, new Date(), new Date()).catch(() => {});
  };
  const alive = setInterval(touch, touchEvery).unref();
  return {
    doubtful,
    isHeld,
    async [Symbol.asyncDispose]() {
      clearInterval(alive);
      if (isHeld()) await unlink(path);
    },
  };
}

function ignore(code: string): (error: unknown) => undefined {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code !== code) throw error;
  };
}
