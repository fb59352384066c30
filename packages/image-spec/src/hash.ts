import type { Hash } from 'node:crypto';
import type { DigestAlgorithm } from './digest.ts';

let createHash: typeof import('node:crypto').createHash | undefined;

/**
 * A hash to feed. `node:crypto` takes Node longer to load than all of this package, so it is loaded by whoever hashes
 * first, not by whoever imports.
 */
export function startHash(algorithm: DigestAlgorithm): Hash {
  createHash ??= process.getBuiltinModule('node:crypto').createHash;
  return createHash(algorithm);
}
