import { parseArgs } from 'node:util';
import type { Bytes } from '../bytes.ts';
import type { Limits } from '../limits.ts';
import { parseNumber, UsageError } from './arguments.ts';
import { parseSize } from './sizes.ts';

export const runUsage = `Usage: cgroups run [options] [--] command [argument…]

Run a command under limits; say what it used when it has ended. Exits as the command does.

  --memory SIZE        memory, then it is killed: 256M, 1.5G
  --memory-high SIZE   memory, then it is slowed down (v2)
  --swap SIZE          swap in addition; 0 forbids it
  --cpu NUMBER         CPUs' worth of time: 0.5, 2
  --cpu-weight NUMBER  share of a busy CPU among siblings: 1 to 10000, usually 100
  --cpus LIST          on which CPUs: 0-2,7
  --pids NUMBER        processes and threads together
  --unified FILE=TEXT  any other control file of v2, as it is; may be repeated
  --name NAME          of the cgroup; run-PID unless told
  --folder PATH        where it is made; /estiba as root, else what was delegated
  --json               the summary as one line of JSON
  --quiet              no summary
`;

export interface RunOptions {
  readonly limits: Limits;
  readonly argv: readonly string[];
  readonly name: string | undefined;
  readonly folder: string | undefined;
  readonly report: 'text' | 'json' | 'none';
  readonly help: boolean;
}

export function parseRun(args: readonly string[]): RunOptions {
  const { values, positionals } = parse(args);
  if (!values.help && !positionals[0]) throw new UsageError('which command? write it after the options');
  return {
    limits: limitsOf(values),
    argv: positionals,
    name: values.name,
    folder: values.folder,
    report: values.quiet ? 'none' : values.json ? 'json' : 'text',
    help: values.help ?? false,
  };
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const options = {
  memory: text,
  'memory-high': text,
  swap: text,
  cpu: text,
  'cpu-weight': text,
  cpus: text,
  pids: text,
  unified: { type: 'string', multiple: true },
  name: text,
  folder: text,
  json: flag,
  quiet: { ...flag, short: 'q' },
  help: { ...flag, short: 'h' },
} as const;
type Values = ReturnType<typeof parse>['values'];

// What follows the first word that is no option belongs to the command, as with env(1) and nice(1).
function parse(args: readonly string[]) {
  const end = commandAt(args);
  try {
    const { values, positionals } = parseArgs({ args: args.slice(0, end), options, allowPositionals: false });
    return { values, positionals: [...positionals, ...args.slice(args[end] === '--' ? end + 1 : end)] };
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
}

function commandAt(args: readonly string[]): number {
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? '';
    if (word === '--' || !word.startsWith('-')) return index;
    const option = Object.entries(options).find(([name]) => word === `--${name}`)?.[1];
    if (option?.type === 'string') index++;
  }
  return args.length;
}

function limitsOf(values: Values): Limits {
  const memory = {
    ...sizeOf('max', values.memory, 'memory'),
    ...sizeOf('high', values['memory-high'], 'memory-high'),
    ...sizeOf('swap', values.swap, 'swap'),
  };
  const cpu = {
    ...(values.cpu !== undefined && { max: parseNumber(values.cpu, 'cpu', { least: 0.01, most: 8192 }) }),
    ...(values['cpu-weight'] !== undefined && { weight: Number(values['cpu-weight']) }),
  };
  return {
    ...(Object.keys(memory).length > 0 && { memory }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(values.cpus !== undefined && { cpuset: { cpus: values.cpus } }),
    ...(values.pids !== undefined && { pids: { max: values.pids === 'max' ? 'max' : Number(values.pids) } }),
    ...(values.unified !== undefined && { unified: filesOf(values.unified) }),
  };
}

function sizeOf(key: string, given: string | undefined, option: string): Record<string, Bytes> {
  if (given === undefined) return {};
  const size = parseSize(given);
  if (size === undefined) throw new UsageError(`--${option} ${given}: write a size such as 256M, 1.5G or max`);
  return { [key]: size };
}

function filesOf(given: readonly string[]): Record<string, string> {
  const pairs = given.map((each) => {
    const at = each.indexOf('=');
    if (at < 1) throw new UsageError(`--unified ${each}: write FILE=TEXT, such as memory.oom.group=1`);
    return [each.slice(0, at), each.slice(at + 1)] as const;
  });
  return Object.fromEntries(pairs);
}
