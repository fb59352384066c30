/** A Node that does nothing but pull one image, so that its memory is the memory of that. */
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { command, launch } from '@estiba/syscalls';

export interface Pulled {
  readonly milliseconds: number;
  /** The most memory that it had beyond what it had before, in bytes. */
  readonly growth: number;
}

export async function pullElsewhere(reference: string, target: string, signal: AbortSignal): Promise<Pulled> {
  const script = join(import.meta.dirname, 'pulling-node-main.ts');
  const argv = [process.execPath, ...process.execArgv, script, reference, target];
  await using child = await launch([command(argv, process.env as Record<string, string>)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    signal,
  });
  const answer = await text(child.stdout as NodeJS.ReadableStream);
  const [milliseconds = Number.NaN, growth = Number.NaN] = answer.split(' ').map(Number);
  if (!(growth > 0)) throw new Error(`the Node that pulls answered ${answer}`);
  return { milliseconds, growth };
}
