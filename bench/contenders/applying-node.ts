/** A Node that does nothing but take in one layer, so that its memory is the memory of that. */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { command, launch } from '@estiba/syscalls';

export interface Applied {
  readonly milliseconds: number;
  /** Of the uncompressed layer. */
  readonly size: number;
  /** The most memory that it had beyond what it had before, in bytes. */
  readonly growth: number;
}

/** The layer comes through a pipe, as from a network; whoever makes it is another process. */
export async function applyElsewhere(
  what: 'applyLayer' | 'writeErofs',
  layer: Iterable<Buffer>,
  folder: string,
  signal: AbortSignal,
): Promise<Applied> {
  const script = join(import.meta.dirname, 'applying-node-main.ts');
  const argv = [process.execPath, ...process.execArgv, script, what, folder];
  await using child = await launch([command(argv, process.env as Record<string, string>)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    signal,
  });
  const answers = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  await answers.next();
  const [{ value }] = await Promise.all([answers.next(), pipeline(Readable.from(layer), child.stdin as Writable)]);
  const [milliseconds = Number.NaN, size = Number.NaN, growth = Number.NaN] = String(value).split(' ').map(Number);
  if (!(size > 0 && growth > 0)) throw new Error(`the Node for ${what} answered ${value}`);
  return { milliseconds, size, growth };
}
