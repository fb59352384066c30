// A kernel of Debian in a folder into which its package was unpacked.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { quietly } from '../processes.mjs';

/**
 * `{ release, image, modules }`, with its modules listed. Debian keeps the image in /boot; since Linux 7 beside the modules, and
 * these below /usr.
 */
export async function unpackedKernel(directory) {
  const kernel = find(directory);
  await listModules(kernel);
  return kernel;
}

function find(directory) {
  for (const base of [directory, join(directory, 'usr')]) {
    const [release] = existsSync(join(base, 'lib/modules')) ? readdirSync(join(base, 'lib/modules')) : [];
    const modules = release && join(base, 'lib/modules', release);
    const images = release ? [join(directory, `boot/vmlinuz-${release}`), join(modules, 'vmlinuz')] : [];
    const image = images.find((path) => existsSync(path));
    if (image) return { release, image, modules, base };
  }
  throw new Error(`no kernel in ${directory}: expected lib/modules/* and boot/vmlinuz-*, of an unpacked package`);
}

/** Which Debian leaves to the script that runs after an installation. */
async function listModules({ release, modules, base }) {
  if (existsSync(join(modules, 'modules.dep'))) return;
  await quietly(`depmod for ${release}`, 'busybox', ['depmod', '-b', base, release], { cwd: base, env: process.env });
}
