/** What can be said of directories only when everything inside is in place. */
import { unlinkSync } from 'node:fs';
import { perform, syscall } from '@estiba/syscalls';
import type { TarTime } from '../tar/tar-entry.ts';
import { type AttributeOptions, setAttributes, setTimes, timeOf } from './attributes.ts';
import type { Directory } from './directory.ts';
import { removeTree } from './remove-tree.ts';

/** The innermost first: setting attributes of one touches the times of the one around it, and may close it to us. */
export function finishDirectories(root: Directory, options: FinishOptions, hidden = false): void {
  const hides = hidden || root.opaque;
  for (const child of root.children.values()) {
    // One that only holds marks, about what does not show any more.
    const idle = options.whiteouts === 'overlay' && hides && !root.own.has(child.name);
    if (idle) removeIdle(root, child);
    else finishDirectories(child, options, hides);
  }
  if (options.whiteouts === 'overlay') finishWhiteouts(root, hidden, options.namespace);
  if (root.attributes !== undefined) {
    setAttributes(root.fd, root.attributes, options);
    setTimes(root.fd, root.attributes.mtime);
  } else if (root.found !== undefined) {
    restoreTime(root.fd, root.found, options);
  }
  if (root.parent !== undefined) root.putAway();
}

/** Writing into a directory moves its time; only its owner may move it back. utimensat(2) */
function restoreTime(fd: number, time: TarTime, { owner }: AttributeOptions): void {
  const { seconds, nanoseconds } = timeOf(fd);
  if (seconds === time.seconds && nanoseconds === time.nanoseconds) return;
  try {
    setTimes(fd, time);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM' || owner === 'keep') throw error;
  }
}

export interface FinishOptions extends AttributeOptions {
  readonly whiteouts: 'delete' | 'overlay';
  /** Where overlayfs looks for its attributes. */
  readonly namespace: 'trusted' | 'user';
}

function removeIdle(parent: Directory, { name }: Directory): void {
  parent.forget(name);
  removeTree(parent.fd, name);
}

/**
 * Where nothing of below can show there is nothing to hide, and the kernel would list what it cannot find. What was taken
 * along from below is of below, too.
 */
function finishWhiteouts(directory: Directory, hidden: boolean, namespace: 'trusted' | 'user'): void {
  if (hidden || directory.opaque) {
    for (const name of [...directory.whiteouts, ...directory.copied]) unlinkSync(directory.place(name));
  }
  if (!directory.opaque || hidden) return;
  const yes = Buffer.from('y');
  perform([syscall('fsetxattr', directory.fd, `${namespace}.overlay.opaque`, yes, yes.length, 0)]);
}
