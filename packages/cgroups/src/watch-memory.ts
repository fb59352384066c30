import type { Bytes } from './bytes.ts';
import { callOf } from './call-rules.ts';
import { CgroupError } from './cgroup-error.ts';
import { checkBytes, invalid } from './check.ts';
import { readNumber } from './control-file.ts';
import { lookoutRefusal } from './lookout-refusal.ts';
import { ifThere } from './missing-file.ts';
import { onRemoved, presenceOf } from './notices.ts';
import { type Place, placeOf } from './place.ts';
import { refusal } from './refusal.ts';
import { type Notices, registerNotices } from './v1/event-control.ts';
import { type Listener, type Watched, watch } from './watch.ts';

/** Memory passed the threshold, in either direction, or had to be reclaimed. */
export interface MemoryNotice {
  /** How often since it was told last. */
  readonly count: number;
  /** Bytes in use now. */
  readonly current: number;
}

/** `low`: memory is being reclaimed; `medium`: it swaps or writes back; `critical`: it is about to run out. */
export type ReclaimLevel = 'low' | 'medium' | 'critical';

export interface WatchOptions {
  signal?: AbortSignal | undefined;
}

/** Usage passes a number of bytes, up or down. v1 only: v2 is told `memory-high` of its limit instead. */
export function watchUsage(
  places: readonly Place[],
  path: string,
  bytes: Bytes,
  { signal }: WatchOptions = {},
): AsyncIterableIterator<MemoryNotice> {
  const instead = "set memory.high and watch events({ types: ['memory-high'] }), or watchPressure('memory', …)";
  const directory = v1Memory(places, path, instead);
  const threshold = checkBytes(bytes, 'page', THRESHOLD, path);
  if (threshold === 'max') throw invalid(THRESHOLD, bytes, 'no usage passes it; write a number of bytes', path);
  return watch((listener) => new MemoryWatch(directory, path, THRESHOLD, String(threshold), listener), signal);
}

/** The kernel has trouble to find memory, here or below. v1 only: v2 has pressure. */
export function watchReclaim(
  places: readonly Place[],
  path: string,
  level: ReclaimLevel,
  { signal }: WatchOptions = {},
): AsyncIterableIterator<MemoryNotice> {
  const directory = v1Memory(places, path, "use watchPressure('memory', …)");
  if (!levels.includes(level)) throw invalid(LEVEL, level, `there are ${levels.join(', ')}`, path);
  return watch((listener) => new MemoryWatch(directory, path, LEVEL, level, listener), signal);
}

// https://docs.kernel.org/admin-guide/cgroup-v1/memory.html#thresholds, #memory-pressure
const [THRESHOLD, LEVEL] = ['memory.usage_in_bytes', 'memory.pressure_level'];
const levels: readonly ReclaimLevel[] = ['low', 'medium', 'critical'];

function v1Memory(places: readonly Place[], path: string, instead: string): string {
  const place = placeOf(places, 'memory');
  if (place?.hierarchy.version === 1) return place.directory;
  const reason = place === undefined ? 'it has no memory controller' : 'only cgroup v1 tells that';
  const message = `cannot watch the memory of ${path}: ${reason}; ${instead}`;
  throw new CgroupError('CONTROLLER_UNAVAILABLE', message, { path });
}

class MemoryWatch implements Watched<MemoryNotice> {
  readonly #directory: string;
  readonly #path: string;
  readonly #notices: Notices;
  readonly #removal: Disposable;
  readonly #isThere: () => boolean;

  constructor(directory: string, path: string, file: string, value: string, listener: Listener) {
    this.#directory = directory;
    this.#path = path;
    this.#isThere = presenceOf(directory);
    const failed = (cause: unknown) => listener.fail(lookoutRefusal(cause, path));
    try {
      this.#notices = registerNotices(directory, file, value, { ready: listener.wake, failed });
    } catch (cause) {
      const attempt = `watch the memory of ${path}: register ${file} ${value} in ${directory}/cgroup.event_control`;
      throw refusal(cause, { attempt, path, file: `${directory}/${file}`, value });
    }
    try {
      this.#removal = onRemoved(directory, listener.end);
    } catch (cause) {
      this.#notices[Symbol.dispose]();
      throw this.#refusal(cause);
    }
  }

  take(): MemoryNotice | undefined {
    try {
      const count = this.#notices.take();
      // Its removal is noticed like the rest, also when there is another one by now.
      if (count === 0 || !this.#isThere()) return undefined;
      const current = ifThere(undefined, () => readNumber(this.#directory, THRESHOLD));
      return current === undefined ? undefined : { count, current };
    } catch (cause) {
      throw this.#refusal(cause);
    }
  }

  [Symbol.dispose](): void {
    this.#removal[Symbol.dispose]();
    this.#notices[Symbol.dispose]();
  }

  #refusal(cause: unknown): unknown {
    const attempt = `watch the memory of ${this.#path}: ${callOf(cause)}`;
    return refusal(cause, { attempt, path: this.#path, file: `${this.#directory}/${THRESHOLD}` });
  }
}
