/**
 * What overlayfs notes in an upper directory. https://docs.kernel.org/filesystems/overlayfs.html
 *
 *     device 0/0                  the name is gone
 *     overlay.opaque=y            of a directory: nothing of below shows in it; =x: look for files with the next one
 *     overlay.whiteout            of an empty file: the name is gone (Linux 6.7, where overlays are stacked)
 *     overlay.redirect, metacopy  the content is somewhere else
 *     overlay.nlink               of a file with names that are still below
 *     overlay.overlay.*           an attribute of somebody else's, named like one of these
 *     overlay.origin, impure, …   notes to itself
 */
import { overlayNamespace } from '../overlay-namespace.ts';
import { UnionfsError } from '../unionfs-error.ts';
import type { Item } from './item.ts';
import { unsupported } from './unreadable.ts';

export type Namespace = 'trusted' | 'user';

export class OverlayMarks {
  readonly #prefix: string;
  /** Undefined when the caller has said which it is. */
  readonly #other: string | undefined;

  constructor(namespace: Namespace | undefined) {
    const own = overlayNamespace();
    if (namespace === 'trusted' && own !== 'trusted') {
      throw new UnionfsError(
        'LAYER_REFUSED',
        'cannot read the marks of overlayfs: it takes CAP_SYS_ADMIN to see trusted.overlay attributes; read the upper directory as root',
      );
    }
    this.#prefix = `${namespace ?? own}.overlay.`;
    this.#other = namespace !== undefined ? undefined : own === 'trusted' ? 'user.overlay.' : 'trusted.overlay.';
  }

  isWhiteout(item: Item): boolean {
    if (item.type === 'character') return item.major === 0 && item.minor === 0;
    return item.type === 'file' && item.size === 0 && this.#mark(item, 'whiteout') !== undefined;
  }

  isOpaque(item: Item): boolean {
    return this.#mark(item, 'opaque')?.toString('latin1') === 'y';
  }

  /** Throws for what is not all there. */
  refuseElsewhere(item: Item): void {
    for (const [mark, what] of elsewhere) if (this.#mark(item, mark) !== undefined) throw unsupported(item.path, what);
  }

  /** The attributes of the item in the mounted overlay. */
  shown(item: Item): Item {
    const escaped = `${this.#prefix}overlay.`;
    const others = [...item.allXattrs].filter(([name]) => name.startsWith(escaped) && name.startsWith('user.'));
    if (others.length === 0) return item;
    const xattrs = new Map(item.xattrs);
    for (const [name, value] of others) xattrs.set(name.replace('overlay.', ''), value);
    return { ...item, xattrs };
  }

  #mark(item: Item, mark: string): Buffer | undefined {
    if (item.allXattrs.size === 0) return undefined;
    if (this.#other !== undefined && decisive.has(mark) && item.allXattrs.has(this.#other + mark)) {
      throw unsupported(
        item.path,
        `it has the attribute ${this.#other}${mark}; say by namespace whether overlayfs was mounted with userxattr`,
      );
    }
    return item.allXattrs.get(this.#prefix + mark);
  }
}

const elsewhere = [
  [
    'redirect',
    'it was renamed in an overlay with redirect_dir, so what is in it is below another name; mount with redirect_dir=off',
  ],
  ['metacopy', 'its content is still below: only its attributes were copied up; mount with metacopy=off'],
  ['nlink', 'overlayfs keeps hard links to files below for it; mount with index=off'],
] as const;

const decisive: ReadonlySet<string> = new Set(['opaque', 'whiteout', 'redirect', 'metacopy']);
