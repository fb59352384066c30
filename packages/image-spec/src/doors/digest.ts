export { chainId, chainIds } from '../chain-id.ts';
export { type Digest, type DigestAlgorithm, digestAlgorithm, digestOf, isDigest, parseDigest } from '../digest.ts';
export { ImageSpecError, type ImageSpecErrorCode } from '../error.ts';
export { type Expected, Verifier, verify } from '../verifier.ts';
