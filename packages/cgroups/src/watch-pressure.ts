import { constants, writeSync } from 'node:fs';
import { Fd } from '@estiba/syscalls';
import { callOf } from './call-rules.ts';
import { CgroupError } from './cgroup-error.ts';
import { EPOLLPRI, onReady } from './lookout.ts';
import { lookoutRefusal } from './lookout-refusal.ts';
import { onRemoved, presenceOf } from './notices.ts';
import {
  type Pressure,
  type PressureFile,
  type PressureResource,
  pressureRefusal,
  readPressure,
  systemPressureFile,
} from './pressure.ts';
import { errnoOf, refusal } from './refusal.ts';
import { type Listener, type Watched, watch } from './watch.ts';

export interface PressureTrigger {
  /** At least one process waited, or all of them at once. */
  kind: 'some' | 'full';
  /** Microseconds lost within a window that are told: 1 to the window. */
  stallMicros: number;
  /**
   * Microseconds: 500,000 to 10,000,000. Without CAP_SYS_RESOURCE it has to be a multiple of 2,000,000, for the machine with
   * Linux 6.4, for a cgroup with 6.7.
   */
  windowMicros: number;
  signal?: AbortSignal | undefined;
}

export interface PressureEvent extends Pressure {
  /** In how many windows since it was told last. */
  readonly count: number;
}

/** At most one event in a window, and only while the pressure grows. https://docs.kernel.org/accounting/psi.html#monitoring-for-pressure-thresholds */
export function watchPressure(of: PressureFile, trigger: PressureTrigger): AsyncIterableIterator<PressureEvent> {
  const text = triggerText(of, trigger);
  return watch((listener) => new PressureWatch(of, text, listener), trigger.signal);
}

/** The same of the whole machine, on every version of cgroups. */
export function watchSystemPressure(
  resource: PressureResource,
  trigger: PressureTrigger,
): AsyncIterableIterator<PressureEvent> {
  return watchPressure(systemPressureFile(resource), trigger);
}

class PressureWatch implements Watched<PressureEvent> {
  readonly #of: PressureFile;
  readonly #isThere: () => boolean;
  readonly #watches: Disposable[] = [];
  #count = 0;

  constructor(of: PressureFile, trigger: string, listener: Listener) {
    this.#of = of;
    this.#isThere = presenceOf(of.directory);
    try {
      const fd = openTrigger(of, trigger);
      this.#watches.push(fd);
      const ready = () => {
        this.#count += 1;
        listener.wake();
      };
      const failed = (cause: unknown) => listener.fail(lookoutRefusal(cause, of.path));
      this.#watches.unshift(onReady(fd, EPOLLPRI, { ready, failed }));
      // The machine itself stays.
      if (of.directory.startsWith('/proc/')) return;
      this.#watches.unshift(onRemoved(of.directory, listener.end));
    } catch (cause) {
      this[Symbol.dispose]();
      const attempt = `watch the pressure on ${of.path}: ${callOf(cause)}`;
      throw refusal(cause, { attempt, path: of.path, file: `${of.directory}/${of.file}` });
    }
  }

  take(): PressureEvent | undefined {
    if (this.#count === 0) return undefined;
    // Its triggers go off once more as a cgroup goes; the end follows, also when there is another one by now.
    if (!this.#isThere()) return undefined;
    const count = this.#count;
    this.#count = 0;
    return { count, ...readPressure(this.#of) };
  }

  [Symbol.dispose](): void {
    for (const each of this.#watches.splice(0)) each[Symbol.dispose]();
  }
}

/** As long as the descriptor is open the kernel measures. */
function openTrigger(of: PressureFile, trigger: string): Fd {
  const file = `${of.directory}/${of.file}`;
  const attempt = `watch the pressure on ${of.path}: write ${trigger} to ${file}`;
  let fd: Fd | undefined;
  try {
    fd = Fd.open(file, constants.O_RDWR | constants.O_NONBLOCK);
    writeSync(fd.number, `${trigger}\0`);
    return fd;
  } catch (cause) {
    fd?.close();
    const errno = errnoOf(cause);
    const reason = reasons.get(errno ?? '');
    if (reason === undefined) throw pressureRefusal(cause, attempt, of);
    const [code, words] = reason;
    throw new CgroupError(code, `cannot ${attempt}: ${errno}; ${words}`, {
      path: of.path,
      file,
      value: trigger,
      cause,
    });
  }
}

const UNPRIVILEGED =
  'without CAP_SYS_RESOURCE a window has to be a multiple of 2,000,000 microseconds, and is refused altogether before Linux 6.4 (of a cgroup: 6.7)';

const reasons: ReadonlyMap<string, readonly ['LIMIT_INVALID' | 'CGROUP_DENIED' | 'CGROUP_BUSY', string]> = new Map([
  ['EINVAL', ['LIMIT_INVALID', UNPRIVILEGED]],
  ['EPERM', ['CGROUP_DENIED', UNPRIVILEGED]],
  ['EACCES', ['CGROUP_DENIED', 'only who may write this file, root or the user it was delegated to, may watch it']],
  ['EBUSY', ['CGROUP_BUSY', 'another trigger is on the same descriptor']],
]);

function triggerText({ path, directory, file }: PressureFile, trigger: PressureTrigger): string {
  const { kind, stallMicros, windowMicros } = trigger;
  const text = `${kind} ${stallMicros} ${windowMicros}`;
  const refuse = (rule: string): never => {
    const message = `cannot watch the pressure on ${path} for ${text}: ${rule}`;
    throw new CgroupError('LIMIT_INVALID', message, { path, file: `${directory}/${file}`, value: text });
  };
  if (kind !== 'some' && kind !== 'full') refuse('the kind is some or full');
  // The kernel would say EINVAL, as of windows. https://docs.kernel.org/accounting/psi.html
  if (kind === 'some' && /^irq/.test(file)) refuse('irq knows full alone');
  if (!Number.isInteger(windowMicros) || windowMicros < 500_000 || windowMicros > 10_000_000)
    refuse('a window has 500,000 to 10,000,000 microseconds');
  if (!Number.isInteger(stallMicros) || stallMicros < 1 || stallMicros > windowMicros)
    refuse('the stall has at least one microsecond, and no more than the window');
  return text;
}
