import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

// libuv has one inotify descriptor for all of them in its loop; each file costs the kernel a kilobyte and us nothing.

/** Calls back when the kernel says that this control file tells something new. https://docs.kernel.org/admin-guide/cgroup-v2.html */
export function onModified(file: string, modified: () => void): Disposable {
  const watcher = open(file);
  watcher.on('change', modified);
  return { [Symbol.dispose]: () => watcher.close() };
}

/** To be asked later whether a cgroup is still there, and not another one under its name. */
export function presenceOf(directory: string): () => boolean {
  const inode = inodeOf(directory);
  return () => inode !== undefined && inodeOf(directory) === inode;
}

interface Parent {
  readonly inode: number | undefined;
  readonly watcher: FSWatcher;
  readonly names: Map<string, Set<() => void>>;
}

const parents = new Map<string, Parent>();

/**
 * Calls back when a cgroup is removed, also if it has been made again since. Neither its directory nor its files say
 * so: the one above does, of all that come and go in it, and is watched once however many in it are.
 */
export function onRemoved(directory: string, removed: () => void): Disposable {
  const [above, name] = [dirname(directory), basename(directory)];
  const parent = parentAt(above);
  const callbacks = parent.names.get(name) ?? new Set();
  const isThere = presenceOf(directory);
  const callback = () => {
    if (!isThere()) removed();
  };
  parent.names.set(name, callbacks.add(callback));
  // Gone before the watch began.
  if (!isThere()) setImmediate(() => callbacks.has(callback) && callback());
  return {
    [Symbol.dispose]() {
      callbacks.delete(callback);
      if (callbacks.size === 0 && parent.names.get(name) === callbacks) parent.names.delete(name);
      if (parent.names.size > 0) return;
      if (parents.get(above) === parent) parents.delete(above);
      parent.watcher.close();
    },
  };
}

/** Of one that was removed and made again, the old watch tells nothing. */
function parentAt(above: string): Parent {
  const known = parents.get(above);
  return known !== undefined && known.inode === inodeOf(above) ? known : watchParent(above);
}

function watchParent(above: string): Parent {
  const inode = inodeOf(above);
  const names: Parent['names'] = new Map();
  const watcher = open(above);
  watcher.on('change', (_, changed) => {
    // Too many at once to be told of each.
    const suspects = changed === null ? [...names.keys()] : [String(changed)];
    for (const name of suspects) for (const callback of [...(names.get(name) ?? [])]) callback();
  });
  const parent = { inode, watcher, names };
  parents.set(above, parent);
  return parent;
}

function inodeOf(directory: string): number | undefined {
  return statSync(directory, { throwIfNoEntry: false })?.ino;
}

function open(path: string): FSWatcher {
  const watcher = watch(path, { persistent: false });
  // inotify(7) knows no error after the beginning.
  watcher.on('error', () => watcher.close());
  return watcher;
}
