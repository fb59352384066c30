/** A root file system for tests: what this machine has, under an upper layer that is thrown away. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `prepare` may fill a layer between the machine's files and the upper one. All of it lies in /dev/shm: an overlay's
 * layers may not lie inside one another, and the machine's root is one of them.
 */
export function machineRoot(prepare: (layer: string) => void = () => {}): TestRoot {
  const folder = mkdtempSync(`/dev/shm/estiba-${process.pid}-rootfs-`);
  chmodSync(folder, 0o755);
  const [upper, work, layer] = [join(folder, 'upper'), join(folder, 'work'), join(folder, 'layer')] as const;
  for (const directory of [upper, work, layer]) mkdirSync(directory);
  prepare(layer);
  return {
    lower: [layer, '/'],
    upper,
    work,
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

export type TestRoot = AsyncDisposable & {
  readonly lower: readonly [string, string];
  readonly upper: string;
  readonly work: string;
};
