import type { Bytes } from './bytes.ts';
import { CgroupError } from './cgroup-error.ts';
import type { CgroupEvent, EventsOptions } from './cgroup-event.ts';
import { type DevicesInForce, readDevicesInForce } from './devices-in-force.ts';
import { isDirectory } from './directories.ts';
import { watchEvents } from './events.ts';
import { currentHost } from './host.ts';
import { countOomKills, measure } from './measure.ts';
import { measurePeak, type PeakMeter } from './peak-meter.ts';
import { type Place, withAddedPlaces } from './place.ts';
import { type Pressure, type PressureResource, pressureFile, readPressure } from './pressure.ts';
import { processesIn } from './processes.ts';
import { refusal } from './refusal.ts';
import type { Stat } from './stat.ts';
import { type CgroupType, threadsIn, typeOf } from './threads.ts';
import { type MemoryNotice, type ReclaimLevel, type WatchOptions, watchReclaim, watchUsage } from './watch-memory.ts';
import { type PressureEvent, type PressureTrigger, watchPressure } from './watch-pressure.ts';

/** What a cgroup tells: who is in it, what they use, and what happens. */
export abstract class CgroupReader {
  readonly path: string;
  protected places: readonly Place[];

  protected constructor(path: string, places: readonly Place[]) {
    this.path = path;
    this.places = places;
  }

  async stat(): Promise<Stat> {
    return this.read(() => measure(this.places));
  }

  /** How many processes the kernel has killed here for lack of memory: `stat().memory.oomKills`, but cheaper. */
  async oomKills(): Promise<number> {
    return this.read(() => countOomKills(this.places));
  }

  /** A peak of memory from now on: `using meter = await group.measurePeak()`. v2 needs Linux 6.12. */
  async measurePeak(): Promise<PeakMeter> {
    return measurePeak(this.placesTo('measure'), this.path);
  }

  /**
   * What happens from now on: out of memory, limits reached, emptied, frozen. It ends when the cgroup is removed, rejects
   * when `signal` aborts, and is to be left by `break` or `return()`. On v1 all but `oom` is up to 100 ms late.
   */
  events(options: EventsOptions = {}): AsyncIterableIterator<CgroupEvent> {
    return watchEvents(this.placesTo('watch'), this.path, options);
  }

  /** How much time is lost here for lack of something. Needs the v2 tree, and a kernel that measures it (`psi=1`). */
  async pressure(resource: PressureResource): Promise<Pressure> {
    return readPressure(pressureFile(this.places, this.path, resource));
  }

  /** Told when more time than that is lost in a window. Root with CAP_SYS_RESOURCE, or Linux 6.7. */
  watchPressure(resource: PressureResource, trigger: PressureTrigger): AsyncIterableIterator<PressureEvent> {
    return watchPressure(pressureFile(this.places, this.path, resource), trigger);
  }

  /** v1: told when memory in use passes so many bytes, up or down. */
  watchMemory(bytes: Bytes, options: WatchOptions = {}): AsyncIterableIterator<MemoryNotice> {
    return watchUsage(this.placesTo('watch'), this.path, bytes, options);
  }

  /** v1: told while the kernel has to look for memory, from this level of trouble on. */
  watchReclaim(level: ReclaimLevel, options: WatchOptions = {}): AsyncIterableIterator<MemoryNotice> {
    return watchReclaim(this.placesTo('watch'), this.path, level, options);
  }

  /** What decides here about devices, to be shown. v2: takes CAP_SYS_ADMIN. */
  async devices(): Promise<DevicesInForce> {
    return this.read(() => readDevicesInForce(this.places, this.path));
  }

  /** The processes in it, as numbers of this pid namespace. */
  async pids(options: { recursive?: boolean } = {}): Promise<number[]> {
    if (!this.exists()) throw gone(this.path);
    return this.read(() => processesIn(this.places, options));
  }

  /** The threads in it, of all processes, by thread id; v2: of a threaded cgroup or of a domain. */
  async threads(): Promise<number[]> {
    if (!this.exists()) throw gone(this.path);
    return this.read(() => threadsIn(this.places));
  }

  /** What it may hold; always `domain` on v1, where every cgroup takes single threads. */
  async type(): Promise<CgroupType> {
    if (!this.exists()) throw gone(this.path);
    return this.read(() => typeOf(this.places));
  }

  protected exists(): boolean {
    return this.places.some(({ directory }) => isDirectory(directory));
  }

  protected read<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      const file = `${this.places[0]?.directory}/cgroup.procs`;
      throw refusal(cause, { attempt: `read the state of ${this.path}`, path: this.path, file });
    }
  }

  /** v1: a cgroup above may have got a controller since, and all inside it with it. */
  protected placesNow(): readonly Place[] {
    this.places = withAddedPlaces(currentHost(), this.places, this.path);
    return this.places;
  }

  /** The root holds every process of the machine. */
  protected placesTo(verb: string): readonly Place[] {
    if (this.path !== '/') return this.placesNow();
    const message = `cannot ${verb} /: the root holds every process; use a cgroup below it`;
    throw new CgroupError('PATH_INVALID', message, { path: '/' });
  }
}

export function gone(path: string): CgroupError {
  return new CgroupError('CGROUP_GONE', `cannot find cgroup ${path}: it is in no hierarchy; create() it`, { path });
}
