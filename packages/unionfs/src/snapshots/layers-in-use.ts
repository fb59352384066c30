/** Which layers somebody has mounted, whether a snapshot that is noted stands on them or not. */
import { lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { placeOf } from '../mounts/find-bind.ts';
import { mountNamespaces } from '../mounts/mount-namespaces.ts';
import type { MountPoint } from '../mounts/mountinfo.ts';
import { isBelow } from '../mounts/mounts-below.ts';
import { directoriesOf, identityOf, topmost } from './find-mount.ts';
import type { Places } from './places.ts';
import { snapshotNote } from './records.ts';

export interface LayersInUse {
  /** The directories of layers, and where an overlay shows them, or a bind, in words. */
  readonly shown: ReadonlyMap<string, string>;
  /** Where an overlay of the store is that does not tell its layers, which may be any. */
  readonly untold: string | undefined;
}

/**
 * In mount namespaces of others only as far as this user may look into them; what is attached nowhere is not seen. To be called
 * alone in the store. proc_pid_mountinfo(5)
 */
export async function layersInUse(places: Places): Promise<LayersInUse> {
  const shown = new Map<string, string>();
  let untold: string | undefined;
  const place = placeOf(places.layers);
  const find = await finder(places);
  for await (const { process, mounts } of mountNamespaces()) {
    for (const mount of mounts) {
      const where = process === 'self' ? mount.target : `${mount.target} in the mount namespace of process ${process}`;
      if (mount.type === 'overlay') {
        for (const path of directoriesOf(mount.options)) {
          const directory = await find(path, process);
          if (directory !== undefined) shown.set(directory, where);
        }
        if (untold === undefined && isUntold(places, mount, process)) untold = where;
      } else if (place !== undefined && mount.device === place.device && isBelow(mount.root, place.root)) {
        shown.set(layerAbove(places, join(places.layers, relative(place.root, mount.root))), where);
      }
    }
  }
  return { shown, untold };
}

/** What finds the layer that a directory is of, which may have been mounted by another path than ours. */
async function finder(places: Places): Promise<(path: string, process: string) => Promise<string | undefined>> {
  const known = new Map<string, Promise<string | undefined>>();
  const layers = new Map<string, string>();
  for (const name of await readdir(places.layers)) {
    for (const form of ['fs', 'flat']) {
      const identity = await identityOf(join(places.layers, name, form));
      if (identity !== undefined) layers.set(identity, join(places.layers, name));
    }
  }
  const at = (path: string) => {
    const found = known.get(path) ?? identityOf(path).then((identity) => layers.get(identity ?? ''));
    known.set(path, found);
    return found;
  };
  return async (path, process) => {
    if (isBelow(path, places.layers)) return layerAbove(places, path);
    if (!path.startsWith('/')) return undefined;
    return (await at(path)) ?? (process === 'self' ? undefined : await at(`/proc/${process}/root${path}`));
  };
}

function layerAbove({ layers }: Places, path: string): string {
  return join(layers, relative(layers, path).split('/')[0] as string);
}

/**
 * An overlay by an id map has its layers from mounts that are nowhere, or at places that are gone. Of a snapshot that is noted they
 * are known; this is about one that no longer is.
 */
function isUntold({ root, snapshots }: Places, { options }: MountPoint, process: string): boolean {
  if (!directoriesOf(options).some((path) => isBelow(path, root))) return false;
  const roots = process === 'self' ? [''] : ['', `/proc/${process}/root`];
  const missing = (path: string) => roots.every((at) => isMissing(at + path));
  const lower = directoriesOf(options.filter((option) => !option.startsWith('upperdir=')));
  // The root of a mount that is nowhere, or a path from a directory that nobody knows.
  const isGone = (path: string) => path === '/' || !path.startsWith('/') || (isBelow(path, snapshots) && missing(path));
  return lower.some(isGone) && topmost(options).every((path) => missing(snapshotNote(dirname(path))));
}

/** Of what this user may not look for, nothing is said. */
function isMissing(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}
