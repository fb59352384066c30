/** Root file systems for tests, under an upper layer that is thrown away. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { Way } from './ways.ts';

/** `prepare` may fill a layer between the base and the upper one. */
export type MakeRoot = (prepare?: (layer: string) => void) => TestRoot;

export type TestRoot = AsyncDisposable & {
  readonly lower: readonly [layer: string, base: string];
  readonly upper: string;
  readonly work: string;
};

/**
 * What the tests of one group take their roots from. As root the base is this machine, with all it has. In a user
 * namespace the kernel refuses `/` as a layer, because of what is mounted below it; there the base is a few files.
 */
export function roots({ rootless }: Pick<Way, 'rootless'>): MakeRoot {
  let base = '/';
  if (rootless) {
    beforeAll(() => {
      base = folderInMemory('base');
      fill(base);
    });
    afterAll(() => rmSync(base, { recursive: true, force: true }));
  }
  return (prepare) => makeRoot(base, prepare);
}

// In memory: an overlay's layers may not lie inside one another, and the machine's root is one of them.
function makeRoot(base: string, prepare: (layer: string) => void = () => {}): TestRoot {
  const folder = folderInMemory('rootfs');
  const [upper, work, layer] = [join(folder, 'upper'), join(folder, 'work'), join(folder, 'layer')] as const;
  for (const directory of [upper, work, layer]) mkdirSync(directory);
  prepare(layer);
  return {
    lower: [layer, base],
    upper,
    work,
    async [Symbol.asyncDispose]() {
      // The kernel's own folder in there has no mode at all, which stops all but root.
      if (existsSync(join(work, 'work'))) chmodSync(join(work, 'work'), 0o700);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function folderInMemory(purpose: string): string {
  const folder = mkdtempSync(`/dev/shm/estiba-${process.pid}-${purpose}-`);
  chmodSync(folder, 0o755);
  return folder;
}

/** One program that is a hundred, and what it looks up. */
function fill(folder: string): void {
  for (const name of ['bin', 'etc']) mkdirSync(join(folder, name));
  const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
  copyFileSync(busybox, join(folder, 'bin/busybox'));
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n');
  for (const name of applets.filter((name) => name !== 'busybox')) symlinkSync('busybox', join(folder, 'bin', name));
  writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
}
