/** `fs` holds the layer unpacked, in the form that overlayfs reads: any kernel, any user. */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { open, perform } from '@estiba/syscalls';
import { type AppliedLayer, applyLayer } from '../layer/apply-layer.ts';
import type { Backend, Look, WriteOptions } from './backend.ts';
import { beginSync } from './sync.ts';

export const directoryBackend: Backend = {
  name: 'directory',
  write,
  look: (directory) => lookAt(contentIn(directory)),
  show: () => {},
  hide: () => {},
  contentIn,
  original: () => undefined,
};

async function write(layer: Readable, directory: string, options: WriteOptions): Promise<AppliedLayer> {
  const { lower, expect, durable, owner, transfer = false, signal, limits } = options;
  const fs = contentIn(directory);
  await mkdir(fs);
  await chmod(fs, 0o755);
  using sync = beginSync(fs);
  const applied = await applyLayer(layer, fs, {
    whiteouts: 'overlay',
    lower,
    ...(expect !== undefined && { expect }),
    ...(owner !== undefined && { owner }),
    ...limits,
    transfer,
    ...(signal !== undefined && { signal }),
  });
  if (durable) await sync.finish(signal);
  return applied;
}

/** By a descriptor, which is good for as long as it is open. */
export function lookAt(path: string): Look {
  // Its mode may keep its own owner from reading it.
  const opened = open(path, ['path', 'directory']);
  const fd = perform([opened], { keep: [opened] }).fd(opened);
  return { path: `/proc/self/fd/${fd.number}`, [Symbol.dispose]: () => fd.close() };
}

function contentIn(directory: string): string {
  return join(directory, 'fs');
}
