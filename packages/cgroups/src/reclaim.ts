import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Bytes, parseBytes } from './bytes.ts';
import { CgroupError } from './cgroup-error.ts';
import { invalid, wholeBetween } from './check.ts';
import { readNumber } from './control-file.ts';
import { MOST_SWAPPINESS } from './controllers/memory.ts';
import { type Place, placeOf } from './place.ts';
import { errnoOf, refusal } from './refusal.ts';

export interface ReclaimOptions {
  /**
   * How readily anonymous memory is swapped out rather than files dropped: 0 to 200, and `'max'` for anonymous memory alone
   * (Linux 6.16). v2 with Linux 6.9; left out: vm.swappiness.
   */
  swappiness?: number | 'max';
  /** Looked at after every 64 MiB; v1 does not stop. */
  signal?: AbortSignal;
}

/** Takes memory back from the processes, and resolves to the number of bytes by which less is in use. */
export async function reclaimMemory(
  places: readonly Place[],
  path: string,
  bytes: Bytes,
  { swappiness, signal }: ReclaimOptions,
): Promise<number> {
  signal?.throwIfAborted();
  const wanted = checkWanted(bytes, path);
  if (swappiness !== undefined && swappiness !== 'max')
    wholeBetween(swappiness, 0, MOST_SWAPPINESS, 'memory.reclaim swappiness', path);
  const place = placeOf(places, 'memory');
  if (place === undefined) throw unavailable(path, bytes, 'it is in no hierarchy with the memory controller');
  const { hierarchy, directory } = place;
  const usage = () => usageOf(directory, hierarchy.version === 1 ? 'memory.usage_in_bytes' : 'memory.current', path);
  const before = usage();
  if (hierarchy.version === 1) await empty(directory, path, wanted, swappiness);
  else await takeBack(directory, path, wanted === 'max' ? before : wanted, swappiness, signal);
  return Math.max(0, before - usage());
}

function checkWanted(bytes: Bytes, path: string): number | 'max' {
  const wanted = parseBytes(bytes);
  if (typeof wanted === 'object') throw invalid('memory.reclaim', bytes, wanted.problem, path);
  return wanted;
}

/** In pieces, so that it can be stopped between them; until the kernel finds nothing more. */
async function takeBack(
  directory: string,
  path: string,
  bytes: number,
  swappiness: number | 'max' | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = `${directory}/memory.reclaim`;
  for (let left = bytes; left > 0; left -= PIECE) {
    signal?.throwIfAborted();
    const piece = Math.min(left, PIECE);
    const value = swappiness === undefined ? `${piece}` : `${piece} swappiness=${swappiness}`;
    try {
      await writePatiently(file, value);
    } catch (cause) {
      // Less than asked for could be found.
      if (errnoOf(cause) === 'EAGAIN') return;
      if (errnoOf(cause) === 'EINVAL' && swappiness !== undefined)
        throw unavailable(path, value, 'swappiness needs Linux 6.9 (max: 6.16); leave it out', cause);
      throw refusal(cause, { attempt: `reclaim memory of ${path}: write ${value} to ${file}`, path, file, value });
    }
  }
}

const PIECE = 64 * 1024 ** 2;

/** https://docs.kernel.org/admin-guide/cgroup-v1/memory.html#force-empty */
async function empty(directory: string, path: string, wanted: number | 'max', swappiness: number | 'max' | undefined) {
  if (wanted !== 'max') throw unavailable(path, wanted, "cgroup v1 can only be asked for everything: reclaim('max')");
  if (swappiness !== undefined)
    throw unavailable(path, wanted, 'cgroup v1 has no swappiness for one time; set the limit memory.swappiness');
  const file = `${directory}/memory.force_empty`;
  try {
    await writePatiently(file, '0');
  } catch (cause) {
    throw refusal(cause, { attempt: `reclaim memory of ${path}: write 0 to ${file}`, path, file, value: '0' });
  }
}

/** Unlike other control files these keep the writer waiting while the kernel works: not on the thread of Node. */
async function writePatiently(file: string, value: string): Promise<void> {
  const handle = await open(file, constants.O_WRONLY);
  try {
    await handle.write(value);
  } finally {
    await handle.close();
  }
}

function usageOf(directory: string, file: string, path: string): number {
  try {
    return readNumber(directory, file);
  } catch (cause) {
    throw refusal(cause, { attempt: `reclaim memory of ${path}`, path, file: `${directory}/${file}` });
  }
}

function unavailable(path: string, value: Bytes | string, reason: string, cause?: unknown): CgroupError {
  const message = `cannot reclaim ${value} of ${path}: ${reason}`;
  return new CgroupError('CONTROLLER_UNAVAILABLE', message, { path, file: 'memory.reclaim', value: `${value}`, cause });
}
