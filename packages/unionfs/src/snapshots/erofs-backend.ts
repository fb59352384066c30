/**
 * `image` is the layer in one file that the kernel mounts: the tar as it came, and an index behind it. It is mounted on `fs`
 * once for all who stand on it, so that they share what the kernel has cached of it. Root of the machine.
 * Where the kernel cannot mount the file itself, as on tmpfs, there is a loop device between them, which goes with the mount.
 * https://docs.kernel.org/filesystems/erofs.html
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { perform, umount } from '@estiba/syscalls';
import { exportTar } from '../erofs/export-tar.ts';
import { mountImage } from '../erofs/mount-image.ts';
import { writeErofs } from '../erofs/write-erofs.ts';
import type { AppliedLayer } from '../layer/apply-layer.ts';
import { erofs, erofsTree } from '../steps/erofs.ts';
import { UnionfsError } from '../unionfs-error.ts';
import type { Backend, Look, WriteOptions } from './backend.ts';
import { lookAt } from './directory-backend.ts';
import { isErofs } from './file-system.ts';
import { syncFile } from './sync.ts';

export const erofsBackend: Backend = { name: 'erofs', write, look, show, hide, contentIn, original };

async function write(layer: Readable, directory: string, options: WriteOptions): Promise<AppliedLayer> {
  const { lower, expect, durable, owner, transfer = false, signal, limits } = options;
  const image = contentIn(directory);
  await mkdir(placeIn(directory), { mode: 0o755 });
  const applied = await writeErofs(layer, image, {
    lower,
    ...(expect !== undefined && { expect }),
    ...(owner !== undefined && { owner }),
    ...limits,
    transfer,
    ...(signal !== undefined && { signal }),
  });
  if (durable) await syncFile(image);
  return applied;
}

/** That others have it mounted is of use only as long as they do: the descriptor decides, not the path. */
function look(directory: string): Look {
  const shown = lookAt(placeIn(directory));
  if (isErofs(shown.path)) return shown;
  shown[Symbol.dispose]();
  const fd = mounting(directory, (image) => {
    const { steps, tree } = erofsTree(image);
    return perform(steps, { keep: [tree] }).fd(tree);
  });
  return { path: `/proc/self/fd/${fd.number}`, [Symbol.dispose]: () => fd.close() };
}

/** Looked at each time: after a reboot, and in another mount namespace, it is not mounted. */
function show(directory: string): void {
  const target = placeIn(directory);
  if (isErofs(target)) return;
  mounting(directory, (image) => perform(erofs({ image, target })));
}

function hide(directory: string): void {
  const target = placeIn(directory);
  // Twice where two mount namespaces that share their mounts came together.
  while (isErofs(target)) perform([umount(target, ['nofollow', 'detach'])]);
}

function original(directory: string): Readable {
  return exportTar(contentIn(directory));
}

/** From the file, or a loop device that the kernel takes away again with the mount. */
function mounting<T>(directory: string, mount: (source: string) => T): T {
  try {
    return mountImage(contentIn(directory), mount).result;
  } catch (error) {
    if (!['EPERM', 'EACCES', 'ENODEV', 'ENOTBLK'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw new UnionfsError(
      'OVERLAY_UNSUPPORTED',
      `cannot mount the layer in ${directory}: it was stored in the erofs form, which takes root of the machine and a kernel with EROFS; mount it as root, or remove the layer and commit it again`,
      { cause: error },
    );
  }
}

function contentIn(directory: string): string {
  return join(directory, 'image');
}

function placeIn(directory: string): string {
  return join(directory, 'fs');
}
