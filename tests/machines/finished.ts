import { text } from 'node:stream/consumers';
import { type IsolateOptions, isolate } from '../../packages/namespaces/src/index.ts';
import { type Child, launch, type Program } from '../../packages/syscalls/src/index.ts';

export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds until it is killed. */
const patience = 100_000;

/** What a program of steps wrote, and how it ended. */
export async function launched(program: Program): Promise<Finished> {
  await using child = await launch(program, { signal: AbortSignal.timeout(patience) });
  return await finished(child);
}

/** The same of a script of the shell in namespaces of its own. */
export async function isolated(script: string, options: IsolateOptions): Promise<Finished> {
  await using child = await isolate(['sh', '-c', script], { signal: AbortSignal.timeout(patience), ...options });
  return await finished(child);
}

async function finished(child: Child): Promise<Finished> {
  child.stdin?.end();
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => (stream === null ? '' : text(stream)));
  const { exitCode } = await child.wait();
  return { exitCode, stdout: (await stdout) ?? '', stderr: (await stderr) ?? '' };
}
