import { existsSync } from 'node:fs';
import { readControl, writeControl } from '../control-file.ts';
import type { Controller, Target } from '../controller.ts';
import type { CheckedIo, IoRates, IoStat } from '../controllers/io.ts';
import { bfqOf, weightOfBfq } from '../io-weights.ts';
import { errnoOf, type Request, refusal } from '../refusal.ts';
import { type ActionSetting, type FileSetting, type Setting, setting } from '../setting.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#io-interface-files */
export const ioSettings: Controller<CheckedIo> = ({ weights, max = [], latency = [], priorityClass }, target) => [
  ...(weights === undefined ? [] : weightSettings(weights, target)),
  ...latency.flatMap(({ device, target }) => setting('io.latency', `${device} target=${target}`)),
  ...setting('io.prio.class', priorityClass),
  // The kernel takes one disk with each write.
  ...max.flatMap(({ device, rates }) => setting('io.max', `${device} ${ratesText(rates)}`)),
];

export function readIo(directory: string): IoStat[] {
  return parseIoStat(readControl(directory, 'io.stat'));
}

//   8:0 rbytes=90430464 wbytes=299008000 rios=8950 wios=1252 dbytes=50331648 dios=3021
/** A disk with nothing to say is listed by its number alone. */
export function parseIoStat(text: string): IoStat[] {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  return lines
    .filter(([, ...fields]) => fields.length > 0)
    .map(([device = '', ...fields]) => {
      const { rbytes, wbytes, rios, wios, dbytes, dios, ...stat } = numbersOf(fields);
      return {
        device,
        readBytes: rbytes ?? Number.NaN,
        writeBytes: wbytes ?? Number.NaN,
        readOps: rios ?? Number.NaN,
        writeOps: wios ?? Number.NaN,
        discardBytes: dbytes ?? Number.NaN,
        discardOps: dios ?? Number.NaN,
        stat,
      };
    });
}

/** Each of the two weighs where it is in charge of the disk, so both are told; which are there depends on the kernel. */
function weightSettings({ scale, weight, devices }: Weights, { path, directory }: Target): Setting[] {
  const bfq = existsSync(`${directory}/io.bfq.weight`);
  // OCI's weight means bfq; what runc and crun do without it.
  const cost = scale === 'io' ? !bfq || existsSync(`${directory}/io.weight`) : !bfq;
  const files = [
    ...(cost ? [{ file: 'io.weight', convert: scale === 'io' ? asItIs : weightOfBfq }] : []),
    ...(bfq ? [{ file: 'io.bfq.weight', convert: scale === 'io' ? bfqOf : asItIs }] : []),
  ];
  return [
    ...files.flatMap(({ file, convert }) => setting(file, weight === undefined ? undefined : convert(weight))),
    ...devices.flatMap((each): Setting[] => {
      const text = (convert: (weight: number) => number) =>
        each.weight === 'default' ? 'default' : convert(each.weight);
      const lines = files.flatMap(({ file, convert }) => setting(file, `${each.device} ${text(convert)}`));
      return lines.length > 1 ? [oneOf(lines, path)] : lines;
    }),
  ];
}

type Weights = NonNullable<CheckedIo['weights']>;

const asItIs = (weight: number) => weight;

/** Who is not in charge of a disk refuses its weight (EOPNOTSUPP); one of them has to take it. */
function oneOf(lines: readonly FileSetting[], path: string): ActionSetting {
  const attempt = `limit ${path}: write ${lines.map(({ file, value }) => `${value} to ${file}`).join(' or ')}`;
  return {
    attempt,
    apply(directory) {
      const requests = lines.map(({ file, value }) => ({ attempt, path, file: `${directory}/${file}`, value }));
      const causes = lines.map((line, index) => refusedBy(line, directory, requests[index] as Request));
      if (!causes.includes(undefined)) throw refusal(causes[0], requests[0] as Request);
    },
  };
}

function refusedBy({ file, value }: FileSetting, directory: string, request: Request): unknown {
  try {
    writeControl(directory, file, value);
    return undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOTSUP') return error;
    throw refusal(error, request);
  }
}

function ratesText(rates: IoRates): string {
  const names = { readBytes: 'rbps', writeBytes: 'wbps', readOps: 'riops', writeOps: 'wiops' };
  return Object.entries(rates)
    .map(([key, rate]) => `${names[key as keyof IoRates]}=${rate}`)
    .join(' ');
}

function numbersOf(fields: readonly string[]): Record<string, number> {
  const pairs = fields.map((field) => {
    const [key = '', value = ''] = field.split('=');
    return [key, value === 'max' ? Number.POSITIVE_INFINITY : Number(value)];
  });
  return Object.fromEntries(pairs);
}
