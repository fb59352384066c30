import { text } from 'node:stream/consumers';
import type { ExitStatus } from '@estiba/syscalls';
import { type IsolateOptions, isolate } from '../src/index.ts';

export interface Finished {
  readonly status: ExitStatus;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script of the shell in isolation, and returns what it wrote. */
export async function isolated(script: string, options: IsolateOptions, ...args: string[]): Promise<Finished> {
  await using child = await isolate(['sh', '-c', script, 'sh', ...args], {
    signal: AbortSignal.timeout(15_000),
    ...options,
  });
  child.stdin?.end();
  const [status, stdout, stderr] = await Promise.all([
    child.wait(),
    text(child.stdout as never),
    text(child.stderr as never),
  ]);
  return { status, stdout, stderr };
}

export async function output(script: string, options: IsolateOptions, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await isolated(script, options, ...args);
  if (status.exitCode !== 0) throw new Error(`ended with ${JSON.stringify(status)}: ${stderr}`);
  return stdout;
}
