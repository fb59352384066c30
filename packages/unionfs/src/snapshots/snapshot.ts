import { type Mounted, mountOverlay } from '../mount-overlay.ts';
import type { OverlayOptions } from '../steps/overlay.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { findMount } from './find-mount.ts';

/** A writable tree over a stack of layers. */
export interface Snapshot {
  readonly name: string;
  /** The chain id of the topmost layer; undefined over nothing. */
  readonly parent: string | undefined;
  /** How to mount it: the layers, the topmost first, and its own directories. */
  readonly overlay: OverlayOptions;
  /** Mount it; `readonly` shows what it holds and lets nobody change it. Needs CAP_SYS_ADMIN. */
  mount(target: string, options?: { readonly readonly?: boolean }): Promise<Mounted>;
  /**
   * Delete it with all that was written to it; throws SNAPSHOT_BUSY while it is mounted, here or in the mount namespace of a
   * process that this one may look at. Others are not seen: whoever hands `overlay` to somebody else has to know.
   */
  remove(): Promise<void>;
}

export class StoredSnapshot implements Snapshot {
  readonly name: string;
  readonly parent: string | undefined;
  readonly overlay: OverlayOptions;
  readonly #discard: () => Promise<void>;

  constructor(name: string, parent: string | undefined, overlay: OverlayOptions, discard: () => Promise<void>) {
    this.name = name;
    this.parent = parent;
    this.overlay = overlay;
    this.#discard = discard;
  }

  mount(target: string, { readonly = false }: { readonly readonly?: boolean } = {}): Promise<Mounted> {
    return mountOverlay({ ...this.overlay, target, ...(readonly && { attributes: ['rdonly'] as const }) });
  }

  async remove(): Promise<void> {
    const target = await findMount(this.overlay.upper ?? '');
    if (target !== undefined) {
      throw new UnionfsError('SNAPSHOT_BUSY', `cannot remove the snapshot ${this.name}: it is mounted on ${target}`);
    }
    await this.#discard();
  }
}
