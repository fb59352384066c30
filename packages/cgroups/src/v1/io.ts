import { existsSync } from 'node:fs';
import { CgroupError } from '../cgroup-error.ts';
import { readControl } from '../control-file.ts';
import type { Controller } from '../controller.ts';
import type { CheckedIo, IoRates, IoStat } from '../controllers/io.ts';
import { bfqOf, cfqOf } from '../io-weights.ts';
import { type FileSetting, setting } from '../setting.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v1/blkio-controller.html */
export const ioSettings: Controller<CheckedIo> = (
  { weights, max = [], latency = [], priorityClass },
  { path, directory },
) => {
  const wanted = latency.find(({ target }) => target !== 'max');
  if (wanted !== undefined) throw noLatency(`${wanted.device} target=${wanted.target}`, path);
  return [
    ...(weights === undefined ? [] : weightSettings(weights, directory)),
    ...setting('blkio.prio.class', priorityClass),
    ...max.flatMap(({ device, rates }) => rateSettings(device, rates)),
  ];
};

/** The recursive files count what is below too, as v2 does; kernels from before 2018 have none. */
export function readIo(directory: string): IoStat[] {
  const recursive = existsSync(`${directory}/blkio.throttle.io_serviced_recursive`) ? '_recursive' : '';
  const bytes = parseCounts(readControl(directory, `blkio.throttle.io_service_bytes${recursive}`));
  const ops = parseCounts(readControl(directory, `blkio.throttle.io_serviced${recursive}`));
  return [...bytes].map(([device, moved]) => ({
    device,
    readBytes: moved.Read ?? Number.NaN,
    writeBytes: moved.Write ?? Number.NaN,
    readOps: ops.get(device)?.Read ?? Number.NaN,
    writeOps: ops.get(device)?.Write ?? Number.NaN,
    discardBytes: moved.Discard ?? Number.NaN,
    discardOps: ops.get(device)?.Discard ?? Number.NaN,
    stat: {},
  }));
}

/** Lines `8:0 Read 4096`, several for each disk, and a sum of all at the end. */
export function parseCounts(text: string): ReadonlyMap<string, Record<string, number>> {
  const devices = new Map<string, Record<string, number>>();
  for (const line of text.split('\n')) {
    const [device = '', kind, count] = line.split(' ');
    if (kind === undefined || count === undefined) continue;
    const counts = devices.get(device) ?? {};
    counts[kind] = Number(count);
    devices.set(device, counts);
  }
  return devices;
}

/** One of the two files is there: the first before Linux 5.0, the second where bfq is built. */
function weightSettings(
  { scale, weight, devices }: NonNullable<CheckedIo['weights']>,
  directory: string,
): FileSetting[] {
  const cfq = existsSync(`${directory}/blkio.weight`);
  const file = cfq ? 'blkio.weight' : 'blkio.bfq.weight';
  // bfq takes no 0 here (ERANGE), and the one before it no word.
  const usual = cfq ? 0 : 'default';
  // OCI's weight is for either as it is.
  const convert = scale === 'bfq' ? (own: number) => own : cfq ? cfqOf : bfqOf;
  return [
    ...setting(file, weight === undefined ? undefined : convert(weight)),
    ...devices.flatMap((each) =>
      setting(`${file}_device`, `${each.device} ${each.weight === 'default' ? usual : convert(each.weight)}`),
    ),
  ];
}

function rateSettings(device: string, rates: IoRates): FileSetting[] {
  const files = { readBytes: 'read_bps', writeBytes: 'write_bps', readOps: 'read_iops', writeOps: 'write_iops' };
  return Object.entries(rates).flatMap(([key, rate]) =>
    // 0 is no limit.
    setting(`blkio.throttle.${files[key as keyof IoRates]}_device`, `${device} ${rate === 'max' ? 0 : rate}`),
  );
}

function noLatency(value: string, path: string): CgroupError {
  const message = `cannot set io.latency of ${path} to ${value}: cgroup v1 has no such limit; use io.max or io.weight`;
  return new CgroupError('CONTROLLER_UNAVAILABLE', message, { path, file: 'io.latency', value });
}
