import { execve, launch, type Program } from '@estiba/syscalls';

/** Runs the steps and then `cat file`; the text it printed. */
export async function textAfter(steps: Program, file: string, cat = '/bin/cat'): Promise<string> {
  await using child = await launch([steps, execve(cat, ['cat', file])], {
    stdio: ['ignore', 'pipe', 'inherit'],
    signal: AbortSignal.timeout(10_000),
  });
  const text = await new Response(child.stdout as unknown as ReadableStream).text();
  const { exitCode } = await child.wait();
  if (exitCode !== 0) throw new Error(`cat ${file} ended with ${exitCode}`);
  return text;
}

/** /proc/PID/status of a process that went through these steps and an execve. */
export async function statusAfter(steps: Program, cat?: string): Promise<Record<string, string>> {
  const lines = (await textAfter(steps, '/proc/self/status', cat)).split('\n');
  return Object.fromEntries(
    lines.map((line) => line.split(/:\s*/, 2)).map(([key = '', value = '']) => [key, value.trim()]),
  );
}

/** Runs the steps and then a command; how it ended, or the error of the step that failed. */
export async function outcomeOf(
  steps: Program,
  command = '/bin/true',
): Promise<{ exitCode: number | null; signal: string | null }> {
  await using child = await launch([steps, execve(command, [command])], {
    stdio: 'ignore',
    signal: AbortSignal.timeout(10_000),
  });
  // Awaited here: the child is killed when this function is left.
  return await child.wait();
}
