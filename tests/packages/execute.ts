import { type ChildProcess, execFile } from 'node:child_process';

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** The exit status; undefined after a signal, such as that of the time-out. */
  readonly status: number | undefined;
}

interface Options {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds; then it is killed. */
  readonly timeout?: number;
}

/** Run a command to its end, whatever that is. Rejects only if it cannot be started. */
export function execute(
  file: string,
  args: readonly string[],
  { cwd, env = { PATH: process.env.PATH }, timeout = 20_000 }: Options = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env, timeout, killSignal: 'SIGKILL', maxBuffer: 2 ** 24 } as const;
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      running.delete(child);
      if (typeof error?.code === 'string') reject(error);
      else resolve({ stdout, stderr, status: error === null ? 0 : (error.code ?? undefined) });
    });
    running.add(child);
  });
}

const running = new Set<ChildProcess>();

/** For whoever ends early: nothing goes on without us. */
export function killRunning(): void {
  for (const child of running) child.kill('SIGKILL');
}
