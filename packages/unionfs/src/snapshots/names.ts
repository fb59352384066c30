/** Which names may become names of files, and which they become. */
import { createHash } from 'node:crypto';
import { UnionfsError } from '../unionfs-error.ts';

/**
 * The directory of a layer. Short, because the paths of all layers have to fit into one mount; a record in it tells
 * whose it is.
 */
export function layerName(chainId: string): string {
  if (chainId.length > 256 || !/^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+$/.test(chainId)) {
    throw new UnionfsError('NAME_INVALID', `cannot use ${JSON.stringify(chainId)} as a chain id: it is no digest`);
  }
  return createHash('sha256').update(chainId).digest('hex').slice(0, 16);
}

export function snapshotName(name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name)) {
    throw new UnionfsError(
      'NAME_INVALID',
      `cannot name a snapshot ${JSON.stringify(name)}: up to 128 letters, digits, ".", "_" and "-", the first a letter or digit`,
    );
  }
  return name;
}
