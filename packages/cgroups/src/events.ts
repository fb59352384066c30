import { callOf } from './call-rules.ts';
import { CgroupError } from './cgroup-error.ts';
import {
  type CgroupEvent,
  type CgroupEventType,
  type EventSource,
  type EventsOptions,
  eventTypes,
} from './cgroup-event.ts';
import { lookoutRefusal } from './lookout-refusal.ts';
import { onRemoved } from './notices.ts';
import { type Place, unifiedPlace } from './place.ts';
import { errnoOf, refusal } from './refusal.ts';
import { v1Sources } from './v1/events.ts';
import { v2Sources } from './v2/events.ts';
import { type Listener, type Watched, watch } from './watch.ts';

/** Every event since the call, until the cgroup is removed, the signal aborts, or the consumer leaves. */
export function watchEvents(
  places: readonly Place[],
  path: string,
  { types, signal }: EventsOptions = {},
): AsyncIterableIterator<CgroupEvent> {
  const wanted = checkTypes(types, path);
  const all = places.flatMap((place) => (place.hierarchy.version === 1 ? v1Sources(place, places) : v2Sources(place)));
  const sources = all.filter((source) => source.types.some((type) => wanted.has(type)));
  if (types !== undefined) requireSources(wanted, sources, path);
  const directory = trackingPlace(places);
  return watch((listener) => new Tally(sources, wanted, { path, directory }, listener), signal);
}

/** The one that a cgroup always has, and that goes last. */
function trackingPlace(places: readonly Place[]): string {
  return (unifiedPlace(places) ?? (places[0] as Place)).directory;
}

function checkTypes(types: readonly CgroupEventType[] | undefined, path: string): ReadonlySet<CgroupEventType> {
  const unknown = types?.find((type) => !eventTypes.includes(type));
  if (unknown === undefined) return new Set(types ?? eventTypes);
  const message = `cannot watch ${path}: no such event: ${unknown}; there are ${eventTypes.join(', ')}`;
  throw new CgroupError('LIMIT_INVALID', message, { path, value: unknown });
}

function requireSources(wanted: ReadonlySet<CgroupEventType>, sources: readonly EventSource[], path: string): void {
  const offered = new Set(sources.flatMap(({ types }) => types));
  const missing = [...wanted].filter((type) => !offered.has(type));
  if (missing.length === 0) return;
  const message = `cannot watch ${path}: nothing here tells of ${missing.join(', ')}`;
  const remedy =
    'on v2 the parent has to enable the controller first, which set() of any limit of it does; v1 has fewer';
  throw new CgroupError('CONTROLLER_UNAVAILABLE', `${message}; ${remedy}`, { path });
}

interface Watching {
  readonly path: string;
  readonly directory: string;
}

/** The kernel counts; what is told is the difference to what was told before, so that nothing depends on who looks when. */
class Tally implements Watched<CgroupEvent> {
  readonly #sources: readonly EventSource[];
  readonly #wanted: ReadonlySet<CgroupEventType>;
  readonly #of: Watching;
  readonly #listener: Listener;
  readonly #watches: Disposable[] = [];
  readonly #totals = new Map<CgroupEventType, number>();
  /** In the order in which they happened last. */
  readonly #pending = new Map<CgroupEventType, CgroupEvent>();

  constructor(sources: readonly EventSource[], wanted: ReadonlySet<CgroupEventType>, of: Watching, listener: Listener) {
    // The state first: of who is seen to be gone by then, the counters that are read afterwards are complete.
    this.#sources = [...sources].sort((a, b) => Number(tellsState(b)) - Number(tellsState(a)));
    this.#wanted = wanted;
    this.#of = of;
    this.#listener = listener;
    try {
      // Watch first: what happens after the first look is noticed then.
      const failed = (cause: unknown) => listener.fail(lookoutRefusal(cause, of.path));
      for (const source of this.#sources) this.#watches.push(source.watch(() => this.#changed(), failed));
      this.#watches.push(onRemoved(of.directory, listener.end));
      for (const source of this.#sources) for (const [type, total] of source.read()) this.#totals.set(type, total);
    } catch (cause) {
      this[Symbol.dispose]();
      throw watchRefusal(cause, of);
    }
  }

  take(): CgroupEvent | undefined {
    if (this.#pending.size === 0) this.#look();
    const [first] = this.#pending.values();
    if (first !== undefined) this.#pending.delete(first.type);
    return first;
  }

  [Symbol.dispose](): void {
    for (const each of this.#watches.splice(0)) each[Symbol.dispose]();
  }

  #changed(): void {
    try {
      this.#look();
    } catch (error) {
      this.#listener.fail(error);
      return;
    }
    if (this.#pending.size > 0) this.#listener.wake();
  }

  /** At everything: the kernel holds back what it says of one file for 10 ms, and by then the cgroup may be empty. */
  #look(): void {
    const news = this.#sources.flatMap((source) => this.#newsOf(source));
    // Who was told that it is empty waits for nothing more.
    for (const each of news.sort((a, b) => rankOf(a.type) - rankOf(b.type))) {
      const untold = this.#pending.get(each.type)?.count ?? 0;
      this.#pending.delete(each.type);
      this.#pending.set(each.type, { ...each, count: untold + each.count });
    }
  }

  #newsOf(source: EventSource): CgroupEvent[] {
    const news: CgroupEvent[] = [];
    for (const [type, total] of readIfThere(source, this.#of)) {
      const count = total - (this.#totals.get(type) ?? 0);
      this.#totals.set(type, total);
      // A sum over cgroups sinks when one of them is removed; what is not counted is NaN.
      if (count > 0 && this.#wanted.has(type)) news.push({ type, count, total });
    }
    return news;
  }
}

function tellsState(source: EventSource): boolean {
  return source.types.includes('empty');
}

/** What happens to processes happens after they came, and before they are gone. */
function rankOf(type: CgroupEventType): number {
  return type === 'populated' ? 0 : type === 'empty' ? 2 : 1;
}

// Removed under our feet: the end comes by itself. kernfs answers ENODEV to who has it open.
function readIfThere(source: EventSource, of: Watching): ReadonlyMap<CgroupEventType, number> {
  try {
    return source.read();
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === 'ENOENT' || errno === 'ENODEV') return NOTHING;
    throw watchRefusal(cause, of);
  }
}

function watchRefusal(cause: unknown, { path, directory }: Watching): unknown {
  return refusal(cause, { attempt: `watch ${path}: ${callOf(cause)}`, path, file: `${directory}/cgroup.procs` });
}

const NOTHING: ReadonlyMap<never, never> = new Map<never, never>();
