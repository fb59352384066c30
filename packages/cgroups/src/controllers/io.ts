import { checkBlockDevice } from '../block-device.ts';
import type { Bytes } from '../bytes.ts';
import { checkBytes, invalid, known, wholeBetween } from '../check.ts';

/**
 * How much a cgroup may read from disks and write to them. A disk is a whole one, no partition: `'/dev/sda'`, or its number
 * `'8:0'`. https://docs.kernel.org/admin-guide/cgroup-v2.html#io
 */
export interface IoLimits {
  /**
   * Share of a busy disk relative to siblings: 1 to 10000, 100 is the default. Heard by the disks that io.cost watches over
   * (v2) and by those with the scheduler bfq.
   */
  weight?: number;
  /** The same for single disks; `'default'` follows `weight` again. */
  deviceWeights?: readonly { device: string; weight: number | 'default' }[];
  /**
   * The weight as bfq counts it, and as OCI's `blockIO.weight`: 1 to 1000, 100 is the default. Where the kernel has no bfq it
   * becomes `weight`: 10 to 1000 as 1 to 10000. Excludes `weight`.
   */
  bfqWeight?: number;
  /** The same for single disks. */
  bfqDeviceWeights?: readonly { device: string; weight: number | 'default' }[];
  /**
   * What a disk does at most in a second. On v2 for this cgroup with all below it; v1 limits each by itself, and those below are
   * free.
   */
  max?: readonly IoMax[];
  /** v2: microseconds that an access to a disk may take before siblings with a looser target are slowed down; or `'max'`. */
  latency?: readonly { device: string; target: number | 'max' }[];
  /** What becomes of the priority that processes ask for with ioprio_set(2). Linux 5.14. */
  priorityClass?: IoPriorityClass;
}

/** Per second; `'max'` lifts, and what is left out stays. */
export interface IoMax {
  device: string;
  readBytes?: Bytes;
  writeBytes?: Bytes;
  readOps?: number | 'max';
  writeOps?: number | 'max';
}

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#io-priority */
export type IoPriorityClass = 'no-change' | 'promote-to-rt' | 'restrict-to-be' | 'idle' | 'none-to-rt';

export type IoRates = { [key in Exclude<keyof IoMax, 'device'>]?: number | 'max' };

export interface CheckedIo {
  weights?: { scale: 'io' | 'bfq'; weight?: number; devices: { device: string; weight: number | 'default' }[] };
  max?: { device: string; rates: IoRates }[];
  latency?: { device: string; target: number | 'max' }[];
  priorityClass?: IoPriorityClass;
}

/** What one disk was asked for by this cgroup and those below it, since it was made. */
export interface IoStat {
  /** `'8:0'` */
  device: string;
  readBytes: number;
  writeBytes: number;
  readOps: number;
  writeOps: number;
  /** Given back as unused (TRIM). NaN: this kernel does not count it. */
  discardBytes: number;
  discardOps: number;
  /** What this kernel says besides, by the names of `io.stat`: `'cost.usage'`, `'use_delay'` …; none on v1. */
  stat: Readonly<Record<string, number>>;
}

export function checkIo(io: IoLimits, path: string): CheckedIo {
  known(io, KEYS, 'io', path);
  const checked: CheckedIo = {};
  const weights = checkWeights(io, path);
  if (weights !== undefined) checked.weights = weights;
  if (io.max !== undefined) checked.max = list(io.max, 'io.max', path).map((max) => checkMax(max, path));
  if (io.latency !== undefined) {
    checked.latency = list(io.latency, 'io.latency', path).map((latency) => checkLatency(latency, path));
  }
  if (io.priorityClass !== undefined) {
    if (!CLASSES.includes(io.priorityClass)) {
      throw invalid('io.prio.class', io.priorityClass, `it is one of ${CLASSES.join(', ')}`, path);
    }
    checked.priorityClass = io.priorityClass;
  }
  return checked;
}

const KEYS = ['weight', 'deviceWeights', 'bfqWeight', 'bfqDeviceWeights', 'max', 'latency', 'priorityClass'];
const CLASSES = ['no-change', 'promote-to-rt', 'restrict-to-be', 'idle', 'none-to-rt'];
const RATES = ['readBytes', 'writeBytes', 'readOps', 'writeOps'] as const;
const MOST = { io: 10_000, bfq: 1_000 };
// The kernel keeps operations in 32 bits, and takes the highest number for no limit.
const MOST_OPS = 2 ** 32 - 2;

function checkWeights(io: IoLimits, path: string): CheckedIo['weights'] {
  const { weight, deviceWeights, bfqWeight, bfqDeviceWeights } = io;
  const scale = bfqWeight === undefined && bfqDeviceWeights === undefined ? 'io' : 'bfq';
  if (scale === 'bfq' && (weight !== undefined || deviceWeights !== undefined)) {
    throw invalid('io.bfqWeight', bfqWeight ?? bfqDeviceWeights, 'io.weight says the same; give one of them', path);
  }
  const [one, several] = scale === 'io' ? [weight, deviceWeights] : [bfqWeight, bfqDeviceWeights];
  if (one === undefined && several === undefined) return undefined;
  const file = scale === 'io' ? 'io.weight' : 'io.bfq.weight';
  const check = (value: unknown) => wholeBetween(value, 1, MOST[scale], file, path);
  const devices = list(several ?? [], file, path).map((given) => {
    known(given, ['device', 'weight'], file, path);
    const device = checkBlockDevice(given.device, file, path);
    return { device, weight: given.weight === 'default' ? given.weight : check(given.weight) };
  });
  return { scale, ...(one !== undefined && { weight: check(one) }), devices };
}

function checkMax(max: IoMax, path: string): { device: string; rates: IoRates } {
  known(max, ['device', ...RATES], 'io.max', path);
  const device = checkBlockDevice(max.device, 'io.max', path);
  const rates: IoRates = {};
  for (const key of RATES) {
    const given = max[key];
    if (given === undefined) continue;
    const file = `io.max ${key}`;
    if (key === 'readBytes' || key === 'writeBytes') rates[key] = checkBytes(given, 1, file, path);
    else rates[key] = given === 'max' ? given : wholeBetween(given, 1, MOST_OPS, file, path);
  }
  if (Object.keys(rates).length === 0) {
    throw invalid('io.max', max, `it limits nothing; give one or more of ${RATES.join(', ')}`, path);
  }
  return { device, rates };
}

function checkLatency(latency: { device: string; target: number | 'max' }, path: string) {
  known(latency, ['device', 'target'], 'io.latency', path);
  const device = checkBlockDevice(latency.device, 'io.latency', path);
  const { target } = latency;
  const most = 60_000_000;
  return { device, target: target === 'max' ? target : wholeBetween(target, 1, most, 'io.latency target', path) };
}

function list<T>(given: readonly T[], file: string, path: string): readonly T[] {
  if (Array.isArray(given)) return given;
  throw invalid(file, given, "write a list, with a device in each entry: [{ device: '/dev/sda', … }]", path);
}
