import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Cgroup } from '../src/index.ts';

export interface Inside {
  readonly pid: number;
  /** Let the command begin, which until now only waited. */
  go(): void;
  readonly ended: Promise<{ exitCode: number | null; signal: NodeJS.Signals | null; errors: string }>;
}

/** A command that is put into the cgroup before it begins. It is killed after 40 s, whatever happens. */
export async function startInside(group: Cgroup, ...command: string[]): Promise<Inside> {
  const child = spawn('/bin/sh', ['-c', 'read go && exec "$@"', 'sh', ...command], {
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: 40_000,
    killSignal: 'SIGKILL',
  });
  const ended = Promise.all([once(child, 'exit'), text(child.stderr)]).then(([[exitCode, signal], errors]) => ({
    exitCode,
    signal,
    errors,
  }));
  const { pid } = child;
  if (pid === undefined) throw new Error('/bin/sh did not start');
  await group.add(pid);
  // A child that has been killed takes no more input.
  child.stdin.on('error', () => undefined);
  return { pid, go: () => child.stdin.end('go\n'), ended };
}
