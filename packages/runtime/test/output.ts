import { text } from 'node:stream/consumers';
import type { Child, ExitStatus } from '@estiba/syscalls';

/** Everything a container says, and how it ended. */
export async function output(started: Promise<Child>): Promise<ExitStatus & { stdout: string; stderr: string }> {
  const child = await started;
  child.stdin?.end();
  const read = (stream: NodeJS.ReadableStream | null) =>
    stream === null ? '' : text(stream as unknown as AsyncIterable<Buffer>);
  const [stdout, stderr, status] = await Promise.all([read(child.stdout), read(child.stderr), child.wait()]);
  return { ...status, stdout, stderr };
}
