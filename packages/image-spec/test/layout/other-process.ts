import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { unprivileged } from '@estiba/testkit';

export interface Other {
  /** The next line that it prints; undefined at its end. */
  said(): Promise<string | undefined>;
  kill(): Promise<void>;
  /** Its exit code; null when it was killed. */
  readonly closed: Promise<number | null>;
  readonly pid: number;
}

/** Runs a script in another process, which has `layout`, `say`, `Readable`, `sleep`, and everything of the package as `spec`. */
export function otherProcess(
  directory: string,
  script: string,
  { wrapper = [], fsync = false }: { wrapper?: readonly string[]; fsync?: boolean } = {},
): Other {
  const index = new URL('../../src/index.ts', import.meta.url).href;
  const [command = '', ...args] = [...wrapper, process.execPath, ...argumentsFor(directory, script, index, fsync)];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 120_000, killSignal: 'SIGKILL' });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const closed = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return {
    said: async () => (await lines.next()).value,
    kill: () => killed(child, closed),
    closed,
    pid: child.pid ?? 0,
  };
}

/** Runs such a script as nobody, for whom the project need not be where it is; all that it prints, and its exit code. */
export async function asNobody(
  directory: string,
  script: string,
): Promise<{ lines: string[]; exitCode: number | null }> {
  const index = './packages/image-spec/src/index.ts';
  const command = ['node', ...argumentsFor(directory, script, index)];
  const { stdout, stderr, exitCode } = await unprivileged(command, { timeout: 120_000 });
  process.stderr.write(stderr);
  return { lines: stdout.split('\n').slice(0, -1), exitCode };
}

function argumentsFor(directory: string, script: string, index: string, fsync = false): string[] {
  const source = `
    import { setTimeout as sleep } from 'node:timers/promises';
    import { Readable } from 'node:stream';
    const spec = await import(${JSON.stringify(index)});
    const say = (line) => process.stdout.write(line + '\\n');
    const layout = await spec.ImageLayout.open(process.argv[1], { fsync: ${fsync} });
    ${script}`;
  return ['--conditions=estiba-source', '--input-type=module', '-e', source, directory];
}

async function killed(child: ChildProcess, closed: Promise<unknown>): Promise<void> {
  child.kill('SIGKILL');
  await closed;
}
