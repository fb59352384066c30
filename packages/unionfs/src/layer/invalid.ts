/** An entry that contradicts itself, or the layer. */
import { shown } from '../tar/tar-entry.ts';
import { UnionfsError } from '../unionfs-error.ts';

export function invalid({ name }: { readonly name: Buffer }, why: string): UnionfsError {
  return new UnionfsError('LAYER_INVALID', `cannot unpack ${shown(name)}: ${why}`, { entry: name.toString() });
}
