import { type Digest, digestOf } from './digest.ts';
import { ImageSpecError } from './error.ts';

/**
 * The name of a stack of layers, from the diff ids of all of them, lowest first.
 * https://github.com/opencontainers/image-spec/blob/main/config.md#layer-chainid
 */
export function chainId(diffIds: readonly Digest[]): Digest {
  const top = chainIds(diffIds).at(-1);
  if (top === undefined) throw new ImageSpecError('DIGEST_INVALID', 'cannot make a chain id: there are no layers');
  return top;
}

/** The chain id of every height of the stack. */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const parent = chain.at(-1);
    chain.push(parent === undefined ? diffId : digestOf(`${parent} ${diffId}`));
  }
  return chain;
}
