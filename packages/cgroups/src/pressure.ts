import { CgroupError } from './cgroup-error.ts';
import { readControl } from './control-file.ts';
import { type Place, unifiedPlace } from './place.ts';
import { errnoOf, refusal } from './refusal.ts';

/** What processes wait for. `irq`: Linux 6.1. */
export type PressureResource = 'cpu' | 'memory' | 'io' | 'irq';

/**
 * How much time was lost because something was short. NaN: the kernel does not tell (`full` of `cpu` before Linux 5.13,
 * `some` of `irq`). https://docs.kernel.org/accounting/psi.html
 */
export interface Pressure {
  /** Time in which at least one process waited. */
  readonly some: Stall;
  /** Time in which all that had something to do waited at once. */
  readonly full: Stall;
}

export interface Stall {
  /** Percent of the last 10 s, 1 min and 5 min. */
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  /** Microseconds altogether. */
  readonly totalMicros: number;
}

/** A file that tells pressure, and whose it is. */
export interface PressureFile {
  readonly path: string;
  readonly directory: string;
  readonly file: string;
}

/** The pressure on the whole machine, on every version of cgroups. Linux 4.20 */
export async function systemPressure(resource: PressureResource): Promise<Pressure> {
  return readPressure(systemPressureFile(resource));
}

export function systemPressureFile(resource: PressureResource): PressureFile {
  return { path: '/', directory: '/proc/pressure', file: checkResource(resource, '/') };
}

export function pressureFile(places: readonly Place[], path: string, resource: PressureResource): PressureFile {
  const file = `${checkResource(resource, path)}.pressure`;
  const place = unifiedPlace(places);
  if (place !== undefined) return { path, directory: place.directory, file };
  const message = `cannot tell the ${resource} pressure on ${path}: cgroup v1 does not know it`;
  throw new CgroupError('CONTROLLER_UNAVAILABLE', `${message}; use systemPressure(), or a host with a v2 tree`, {
    path,
  });
}

export function readPressure(of: PressureFile): Pressure {
  try {
    return parsePressure(readControl(of.directory, of.file));
  } catch (cause) {
    throw pressureRefusal(cause, `read the pressure on ${of.path}`, of);
  }
}

//   some avg10=0.00 avg60=0.00 avg300=0.00 total=1780187
export function parsePressure(text: string): Pressure {
  const lines = new Map(text.split('\n').map((line) => [line.slice(0, line.indexOf(' ')), line]));
  return { some: parseStall(lines.get('some')), full: parseStall(lines.get('full')) };
}

function parseStall(line = ''): Stall {
  const values = new Map(line.split(' ').map((word) => [word.split('=')[0], Number(word.split('=')[1])]));
  const value = (key: string) => values.get(key) ?? Number.NaN;
  return { avg10: value('avg10'), avg60: value('avg60'), avg300: value('avg300'), totalMicros: value('total') };
}

export function pressureRefusal(cause: unknown, attempt: string, { path, directory, file }: PressureFile): unknown {
  const request = { attempt, path, file: `${directory}/${file}` };
  const errno = errnoOf(cause);
  const words = refusal(cause, request);
  const isMissing = words instanceof CgroupError && words.code === 'CONTROLLER_UNAVAILABLE';
  // Compiled in and turned off, reading says that nothing like it is supported. EOPNOTSUPP and ENOTSUP are one number.
  if (!isMissing && errno !== 'ENOTSUP' && errno !== 'EOPNOTSUPP') return words;
  const message = `cannot ${attempt}: ${errno}; this kernel does not measure it here`;
  const remedy = 'boot with psi=1, and write 1 to cgroup.pressure where it was turned off for a cgroup';
  return new CgroupError('CONTROLLER_UNAVAILABLE', `${message}: ${remedy}`, { ...request, cause });
}

function checkResource(resource: PressureResource, path: string): PressureResource {
  if (['cpu', 'memory', 'io', 'irq'].includes(resource)) return resource;
  const message = `cannot tell the pressure on ${path}: no such resource: ${resource}; there are cpu, memory, io, irq`;
  throw new CgroupError('LIMIT_INVALID', message, { path, value: String(resource) });
}
