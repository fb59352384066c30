import { text } from 'node:stream/consumers';
import { command, type ExitStatus, type LaunchOptions, launch, type Program } from '../../src/index.ts';

export interface Finished {
  readonly status: ExitStatus;
  readonly stdout: string;
  readonly stderr: string;
}

/** Launches, waits for the end, and returns what it wrote. */
export async function finished(program: Program, options: LaunchOptions = {}): Promise<Finished> {
  await using child = await launch(program, { signal: AbortSignal.timeout(15_000), ...options });
  child.stdin?.end();
  const [status, stdout, stderr] = await Promise.all([
    child.wait(),
    child.stdout === null ? '' : text(child.stdout),
    child.stderr === null ? '' : text(child.stderr),
  ]);
  return { status, stdout, stderr };
}

/** A script of the shell, in an environment with a path only. */
export function shell(script: string, ...args: string[]): Program {
  return command(['sh', '-c', script, 'sh', ...args]);
}

export async function output(program: Program, options: LaunchOptions = {}): Promise<string> {
  const { status, stdout, stderr } = await finished(program, options);
  if (status.exitCode !== 0) throw new Error(`ended with ${JSON.stringify(status)}: ${stderr}`);
  return stdout;
}
