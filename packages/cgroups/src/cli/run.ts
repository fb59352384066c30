import { command, launch } from '@estiba/syscalls';
import { Cgroup } from '../cgroup.ts';
import { cgroupFolder } from '../folder.ts';
import { parseRun, runUsage } from './run-options.ts';
import { SignalRelay } from './signal-relay.ts';
import { formatSummary, type Summary, statusOf } from './summary.ts';

/** Resolves to the status to exit with. */
export async function run(args: readonly string[]): Promise<number> {
  const { limits, argv, report, help, ...where } = parseRun(args);
  if (help) return say(process.stdout, runUsage, 0);
  const folder = where.folder ?? (await cgroupFolder());
  // First, and so until the last: a signal that ended this process while there is a cgroup would leave it behind.
  using signals = new SignalRelay();
  await using group = await Cgroup.create(`${folder}/${where.name ?? `run-${process.pid}`}`, limits, { folder });
  const began = process.hrtime.bigint();
  await using child = await launch([group.join(), command(argv, environment())], { stdio: 'inherit' });
  signals.relayTo(child);
  const status = await child.wait();
  const wallMicros = Number(process.hrtime.bigint() - began) / 1_000;
  // Before the rest is killed and the cgroup goes, with its numbers.
  const summary: Summary = { command: argv, ...status, wallMicros, stat: await group.stat() };
  if (report === 'json') say(process.stderr, `${JSON.stringify({ path: group.path, ...summary }, plain)}\n`, 0);
  if (report === 'text') say(process.stderr, `${formatSummary(summary)}\n`, 0);
  return statusOf(summary);
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

// JSON has neither: no limit is "max", as the kernel writes it, and what is not counted is null.
function plain(_: string, value: unknown): unknown {
  if (value === Number.POSITIVE_INFINITY) return 'max';
  return typeof value === 'number' && Number.isNaN(value) ? null : value;
}

function say(stream: NodeJS.WriteStream, text: string, status: number): number {
  stream.write(text);
  return status;
}
