/** An entry that contradicts itself, or the layer. */

import { UnionfsError } from '../unionfs-error.ts';
import { shown } from './tar-entry.ts';

export function invalid({ name }: { readonly name: Buffer }, why: string): UnionfsError {
  return new UnionfsError('LAYER_INVALID', `cannot unpack ${shown(name)}: ${why}`, { entry: name.toString() });
}
