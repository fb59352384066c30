import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { CgroupError } from './cgroup-error.ts';
import { parseNumber } from './control-file.ts';
import { type Place, placeOf } from './place.ts';
import { errnoOf, refusal } from './refusal.ts';

/**
 * The most memory that a cgroup has used since the meter began, or was reset. On v2 every meter of this process has a peak of
 * its own, and `stat().memory.peak` stays what it is; one that another process resets makes it forget what it has not yet
 * read. v1 has one for all: there a meter that begins or is reset resets the others, and `stat().memory.peak`; `shared` says
 * so.
 *
 * It holds a descriptor, and is known to the others, until it is disposed of: leave none behind.
 */
export class PeakMeter implements Disposable {
  readonly shared: boolean;
  readonly #path: string;
  readonly #file: string;
  #fd: number | undefined;
  #highest = 0;

  /** @internal */
  constructor({ hierarchy, directory }: Place, path: string) {
    this.shared = hierarchy.version === 1;
    this.#path = path;
    this.#file = `${directory}/${this.shared ? 'memory.max_usage_in_bytes' : 'memory.peak'}`;
    this.#fd = this.#attempt('open', () => openSync(this.#file, constants.O_RDWR));
    try {
      // Before Linux 6.12 nobody may write; root may open it all the same.
      if ((fstatSync(this.#fd).mode & WRITABLE) === 0) throw tooOld(path, this.#file);
      this.reset();
      if (!this.shared) own.add(this);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** In bytes. */
  read(): number {
    const text = Buffer.alloc(32);
    const length = this.#attempt('read', (fd) => readSync(fd, text, 0, text.length, 0));
    const peak = parseNumber(text.toString('latin1', 0, length).trimEnd());
    if (!this.shared) this.#highest = Math.max(this.#highest, peak);
    return this.shared ? peak : this.#highest;
  }

  /** From now on: what is in use at this moment is the first peak. */
  reset(): void {
    // What the others have reached since they were reset the kernel forgets with this (peak_write() in mm/memcontrol.c).
    for (const meter of own) if (meter !== this && meter.#file === this.#file) meter.#keep();
    // v2 takes any text, v1 this one.
    this.#attempt('reset', (fd) => writeSync(fd, '0', 0));
    this.#highest = 0;
  }

  #keep(): void {
    try {
      this.read();
    } catch (error) {
      // Its cgroup is gone, which it says to those who read it, and another has the name.
      if (!(error instanceof CgroupError && error.code === 'CGROUP_GONE')) throw error;
    }
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    own.delete(this);
  }

  #attempt(verb: string, work: (fd: number) => number): number {
    if (verb !== 'open' && this.#fd === undefined) throw new TypeError(`cannot ${verb} a peak meter: it is closed`);
    try {
      return work(this.#fd ?? -1);
    } catch (cause) {
      const attempt = `measure the peak of ${this.#path}: ${verb} ${this.#file}`;
      const about = { path: this.#path, file: this.#file, cause };
      // Said of an open file, also when another cgroup has the name by now.
      if (errnoOf(cause) === 'ENODEV')
        throw new CgroupError('CGROUP_GONE', `cannot ${attempt}: ENODEV; ${this.#path} has been removed`, about);
      throw refusal(cause, { attempt, path: this.#path, file: this.#file });
    }
  }
}

/** Of v2, and not closed. */
const own = new Set<PeakMeter>();

/** Throws where the peak of this cgroup cannot be reset. */
export function measurePeak(places: readonly Place[], path: string): PeakMeter {
  const place = placeOf(places, 'memory');
  if (place !== undefined) return new PeakMeter(place, path);
  const message = `cannot measure the peak of ${path}: it is in no hierarchy with the memory controller`;
  throw new CgroupError('CONTROLLER_UNAVAILABLE', message, { path });
}

const WRITABLE = 0o222;

function tooOld(path: string, file: string): CgroupError {
  const message = `cannot reset the peak of ${path}: ${file} can only be read before Linux 6.12; a new cgroup has a new peak`;
  return new CgroupError('CONTROLLER_UNAVAILABLE', message, { path, file });
}
