/**
 * `pnpm bench [start|memory|pull]`: the figures that the project claims, beside its peers, interleaved in one run.
 *
 * Needs root, and Debian's crun, podman, docker-registry, skopeo and debootstrap. What it makes lies in /dev/shm and in
 * the cgroup folder /estiba, and is removed; a minimal Debian is kept in /var/tmp/estiba-debian for the next time.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { complete, debianTar, makeDebian } from './debian.ts';
import { benchMemory } from './memory.ts';
import { benchPull } from './pull.ts';
import { benchStart } from './start.ts';

const chosen = process.argv.slice(2);
const wanted = (name: string) => chosen.length === 0 || chosen.includes(name);
const scratch = mkdtempSync('/dev/shm/estiba-bench-');

try {
  await makeDebian();
  const rootfs = join(scratch, 'rootfs');
  mkdirSync(rootfs);
  if (wanted('start') || wanted('memory')) await complete(['tar', '-xzf', debianTar, '-C', rootfs]);
  if (wanted('start')) await benchStart({ rootfs, scratch, runs: 100 });
  if (wanted('memory')) await benchMemory({ rootfs, scratch });
  if (wanted('pull')) await benchPull({ scratch, runs: 5, where: 'tmpfs' });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
