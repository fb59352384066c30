import { label, mountSetattr, moveMount, openTree, type Step } from '@estiba/syscalls';
import { placeFor } from './mount-point.ts';

/**
 * Show a file or directory at a second place, which is made if it is missing. With `recursive`, mounts below `source` come along,
 * and `readonly` holds for them too: there is no moment at which the tree can be written to. open_tree(2), Linux 5.12
 */
export function bind(
  source: string,
  target: string,
  options: { readonly readonly?: boolean; readonly recursive?: boolean } = {},
): Step[] {
  const { readonly = false, recursive = false } = options;
  const tree = openTree(source, recursive ? ['clone', 'recursive'] : ['clone']);
  const attributes = readonly ? [mountSetattr(tree, { set: ['rdonly'], recursive })] : [];
  return [
    label(`bind ${source} to ${target}`, [tree, ...attributes, ...placeFor(source, target), moveMount(tree, target)]),
  ];
}
