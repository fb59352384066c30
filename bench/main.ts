/**
 * `pnpm bench [start|memory|pull]`: the figures that the project claims, beside its peers, interleaved in one run.
 *
 * Needs root, and Debian's crun, podman, docker-registry, skopeo and debootstrap. What it makes lies in /dev/shm and in
 * the cgroup folder /estiba, and is removed; a minimal Debian is kept in /var/tmp/estiba-debian for the next time.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { complete, debianTar, makeDebian } from './debian.ts';
import { benchMemory } from './memory.ts';
import { benchPull } from './pull.ts';
import { benchStart } from './start.ts';

const benches: Record<string, (place: { scratch: string; rootfs: () => Promise<string> }) => Promise<void>> = {
  start: async ({ scratch, rootfs }) => benchStart({ rootfs: await rootfs(), scratch, runs: 100 }),
  memory: async ({ scratch, rootfs }) => benchMemory({ rootfs: await rootfs(), scratch }),
  pull: ({ scratch }) => benchPull({ scratch, runs: 5, where: 'tmpfs' }),
};

const [name] = process.argv.slice(2);
if (name === undefined) runEach();
else await runOne(name);

/** In a process of its own, so that none pays for the memory that another has used. */
function runEach(): void {
  for (const each of Object.keys(benches)) {
    const { status } = spawnSync(process.execPath, [...process.execArgv, import.meta.filename, each], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exitCode = 1;
  }
}

async function runOne(name: string): Promise<void> {
  const bench = benches[name];
  if (bench === undefined) throw new Error(`no such bench: ${name} (one of ${Object.keys(benches).join(', ')})`);
  const scratch = mkdtempSync('/dev/shm/estiba-bench-');
  try {
    await makeDebian();
    await bench({ scratch, rootfs: () => unpackDebian(join(scratch, 'rootfs')) });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function unpackDebian(directory: string): Promise<string> {
  mkdirSync(directory);
  await complete(['tar', '-xzf', debianTar, '-C', directory]);
  return directory;
}
