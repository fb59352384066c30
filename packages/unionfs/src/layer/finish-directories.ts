/** What can be said of directories only when everything inside is in place. */
import { unlinkSync } from 'node:fs';
import { perform, syscall } from '@estiba/syscalls';
import { type AttributeOptions, setAttributes, setTimes } from './attributes.ts';
import type { Directory } from './directory.ts';
import { clearXattrs } from './extended-attributes.ts';
import { refused } from './refused.ts';
import { removeTree } from './remove-tree.ts';
import type { Skipped } from './skipped.ts';
import { giveBack } from './take-over.ts';

export interface FinishOptions extends Pick<AttributeOptions, 'owner'> {
  readonly skipped: Skipped;
  readonly whiteouts: 'delete' | 'overlay';
  /** Where overlayfs looks for its attributes. */
  readonly namespace: 'trusted' | 'user';
}

/** The innermost first: setting attributes of one touches the times of the one around it, and may close it to us. */
export function finishDirectories(root: Directory, options: FinishOptions, hidden = false): void {
  const hides = hidden || root.opaque;
  for (const child of root.children.values()) {
    // One that only holds marks, about what does not show any more.
    const idle = options.whiteouts === 'overlay' && hides && !root.own.has(child.name);
    if (idle) removeIdle(root, child);
    else finishDirectories(child, options, hides);
  }
  const name = Buffer.from(root.parent === undefined ? '.' : root.path, 'latin1');
  try {
    finish(root, { ...options, onSkipped: (what) => options.skipped.add(name, what) }, hidden);
  } catch (error) {
    throw refused({ name }, error, options.owner);
  }
}

function finish(directory: Directory, options: FinishOptions & AttributeOptions, hidden: boolean): void {
  const { fd, attributes, before } = directory;
  if (options.whiteouts === 'overlay') finishWhiteouts(directory, hidden, options.namespace);
  if (attributes !== undefined) {
    // All of them are replaced, not added to.
    if (before !== undefined) clearXattrs(fd, attributes.xattrs);
    setAttributes(fd, attributes, options);
    setTimes(fd, attributes.mtime);
  } else if (before !== undefined) {
    giveBack(fd, before, options);
  }
  if (directory.parent !== undefined) directory.putAway();
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
