/**
 * Where everything is.
 *
 *     store.json                          what is the same for all of them
 *     layers/ID/layer.json, fs/           one layer, unpacked, in the form overlayfs reads; never changed once it is here
 *     layers/ID/layer.json, image, fs/    or in one file, mounted on fs while a snapshot stands on it
 *     layers/ID/flat/                     it and all below it as one, where a stack is too high to be mounted; made when needed
 *     snapshots/NAME/snapshot.json, upper/, work/
 *     snapshots/NAME/snapshot.json, top/  one that nobody writes to
 *     locks/ID                            a layer in the making
 *     empty/                              the layer below everything
 *     tmp/                                what is being made, moved to its place in one step when it is complete
 */
import { chmod, mkdir, realpath, rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { refuseOverlay } from './file-system.ts';
import { layerName, snapshotName } from './names.ts';
import { makeStoreDirectory } from './store-directory.ts';

export class Places {
  readonly root: string;
  readonly layers: string;
  readonly snapshots: string;
  readonly locks: string;
  readonly tmp: string;
  readonly empty: string;

  private constructor(root: string) {
    this.root = root;
    this.layers = join(root, 'layers');
    this.snapshots = join(root, 'snapshots');
    this.locks = join(root, 'locks');
    this.tmp = join(root, 'tmp');
    this.empty = join(root, 'empty');
  }

  /** Made where they are missing. */
  static async make(directory: string): Promise<Places> {
    // One name for one store, however it is reached.
    const places = new Places(await realpath(await makeStoreDirectory(directory)));
    const { root, layers, snapshots, locks, tmp, empty } = places;
    refuseOverlay(root);
    // Layers hold set-uid files of strangers: nobody else is to reach them here.
    await chmod(root, 0o700);
    for (const path of [layers, snapshots, locks, tmp, empty]) await mkdir(path, { recursive: true });
    await chmod(empty, 0o755);
    // The root of what stands on nothing is the same everywhere.
    await utimes(empty, 0, 0);
    return places;
  }

  layer(chainId: string): string {
    return join(this.layers, layerName(chainId));
  }

  snapshot(name: string): string {
    return join(this.snapshots, snapshotName(name));
  }
}

/** To its place, in one step; false when something is there already. */
export async function moveInto(made: string, target: string): Promise<boolean> {
  try {
    await rename(made, target);
    return true;
  } catch (error) {
    // rename(2) replaces a directory only when it is empty, which those of the store never are.
    if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
