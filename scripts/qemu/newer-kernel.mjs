// The kernel of a newer Debian, unpacked but not installed, and kept: for what came with it.
import { join } from 'node:path';
import { cacheDirectory, keepFolder } from '../kept-folder.mjs';
import { unpackFromDebian } from '../other-debian.mjs';
import { unpackedKernel } from './unpacked-kernel.mjs';

/** Linux 6.12. */
const release = 'trixie';

/** `{ release, image, modules }`. That for clouds, which is smaller, has no zswap. */
export async function prepareNewerKernel() {
  const directory = join(cacheDirectory(), `linux-of-${release}`);
  await keepFolder(directory, async (temporary) => {
    console.error(`estiba: fetching the kernel of Debian ${release} into ${directory}`);
    await unpackFromDebian(temporary, { release, find: newest });
    await unpackedKernel(temporary);
  });
  return unpackedKernel(directory);
}

/** The number in the package's name changes with each update: the metapackage knows the current one. */
function newest(aptCache) {
  const name = /^\s+Depends: (linux-image-\S+)$/m.exec(aptCache('depends', 'linux-image-amd64'))?.[1];
  if (!name) throw new Error(`Debian ${release} offers no linux-image-amd64`);
  return [name];
}
