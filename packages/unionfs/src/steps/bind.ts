import { label, moveMount, openTree, type Step } from '@estiba/syscalls';
import { type BindAttribute, changeMount, type Propagation } from './attributes.ts';
import { placeFor } from './mount-point.ts';
import { openUserNamespace, type UserNamespace } from './user-namespace.ts';

export interface BindOptions {
  readonly readonly?: boolean;
  /** Mounts below `source` come along, and all that is said here holds for them too. */
  readonly recursive?: boolean;
  /** `nosuid`, `nodev`, `noexec`, `noatime`, … */
  readonly attributes?: readonly BindAttribute[];
  /**
   * Whether mounts that appear inside on one side appear on the other: on neither (`private`, default), here what appears
   * there (`slave`), or both ways (`shared`). mount_namespaces(7)
   */
  readonly propagation?: Propagation;
  /**
   * Show owners by the id maps of this user namespace: what belongs to id 0 in `source` belongs to the id here that 0 of the
   * namespace stands for. Needs CAP_SYS_ADMIN where the file system was mounted, and a file system that can:
   * ext4, xfs, btrfs, tmpfs since Linux 6.3, and others; an overlay cannot.
   */
  readonly idmap?: UserNamespace;
}

/**
 * Show a file or directory at a second place, which is made if it is missing. All attributes are there before anybody can
 * reach it, so there is no moment at which a read-only tree can be written to. open_tree(2), mount_setattr(2), Linux 5.12
 */
export function bind(source: string, target: string, options: BindOptions = {}): Step[] {
  const { readonly = false, recursive = false, attributes = [], propagation = 'private', idmap } = options;
  const tree = openTree(source, recursive ? ['clone', 'recursive'] : ['clone']);
  const namespace = idmap === undefined ? undefined : openUserNamespace(idmap);
  const set = [...new Set<BindAttribute>([...(readonly ? ['rdonly' as const] : []), ...attributes])];
  return [
    label(`bind ${source} to ${target}`, [
      tree,
      ...(namespace?.steps ?? []),
      changeMount(tree, { set, propagation, recursive, ...(namespace && { idmap: namespace.fd }) }),
      ...placeFor(source, target),
      moveMount(tree, target),
    ]),
  ];
}
