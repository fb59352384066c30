#!/usr/bin/env node
/** The program `cgroups`: what the package does, for people. */
import { CgroupError } from '../cgroup-error.ts';
import { UsageError } from './arguments.ts';
import { run } from './run.ts';
import { top } from './top.ts';

const usage = `Usage: cgroups <command> [options]

  top   what the cgroups of this machine use, live
  run   run a command under limits, and say what it used

\`cgroups <command> --help\` tells more.
`;

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = { top, run };

async function main([name = '', ...args]: readonly string[]): Promise<number> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command !== undefined) return command(args);
  const asked = ['--help', '-h', 'help'].includes(name);
  if (!asked && name !== '')
    throw new UsageError(`there is no command ${name}; known: ${Object.keys(commands).join(', ')}`);
  (asked ? process.stdout : process.stderr).write(usage);
  return asked ? 0 : 2;
}

// A reader of the output that has seen enough, such as head(1).
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
// Nobody reads the summary: the status is still that of the command.
process.stderr.on('error', () => undefined);

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = statusFor(error);
}

/** As env(1) and the shell have it: 126 cannot be executed, 127 not found; 2 wrong use; 125 the cgroup cannot be had. */
function statusFor(error: unknown): number {
  if (!(error instanceof Error)) throw error;
  const code = 'code' in error ? error.code : undefined;
  const expected = error instanceof UsageError || error instanceof CgroupError || error.name === 'SyscallError';
  process.stderr.write(`cgroups: ${expected ? error.message : error.stack}\n`);
  if (error instanceof UsageError) return 2;
  if (error instanceof CgroupError) return 125;
  return code === 'ENOENT' ? 127 : code === 'EACCES' || code === 'ENOEXEC' ? 126 : 1;
}
