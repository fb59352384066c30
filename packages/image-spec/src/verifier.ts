import type { Hash } from 'node:crypto';
import type { Transform, TransformCallback } from 'node:stream';
import { type Digest, type DigestAlgorithm, digestAlgorithm } from './digest.ts';
import { ImageSpecError } from './error.ts';
import { startHash } from './hash.ts';

/** What a content is expected to be; of an unknown content only the size and digest are worked out. */
export interface Expected {
  readonly digest?: Digest;
  /** In bytes. */
  readonly size?: number;
}

/** Measures a content while it passes. Throws as soon as it is longer than expected, not when it has been read to the end. */
export class Verifier {
  readonly #expected: Expected;
  readonly #algorithm: DigestAlgorithm;
  readonly #hash: Hash;
  #size = 0;

  constructor(expected: Expected = {}) {
    this.#expected = expected;
    this.#algorithm = expected.digest === undefined ? 'sha256' : digestAlgorithm(expected.digest);
    this.#hash = startHash(this.#algorithm);
  }

  /** How many bytes have passed. */
  get size(): number {
    return this.#size;
  }

  /** Throws SIZE_MISMATCH; the chunk that is too much is not counted. */
  update(chunk: Uint8Array): void {
    const { size } = this.#expected;
    if (size !== undefined && this.#size + chunk.length > size) {
      throw new ImageSpecError(
        'SIZE_MISMATCH',
        `cannot accept ${this.#name}: it is longer than the ${size} bytes announced`,
      );
    }
    this.#hash.update(chunk);
    this.#size += chunk.length;
  }

  /**
   * Throws SIZE_MISMATCH or DIGEST_MISMATCH. Call it once, after the last byte. What was not known before the first byte
   * may be told now, except that the algorithm is settled: DIGEST_UNSUPPORTED.
   */
  finish(expected: Expected = {}): { digest: Digest; size: number } {
    const { size, digest } = { ...this.#expected, ...expected };
    if (digest !== undefined && digestAlgorithm(digest) !== this.#algorithm) {
      throw new ImageSpecError(
        'DIGEST_UNSUPPORTED',
        `cannot check ${digest}: the content was measured with ${this.#algorithm}`,
      );
    }
    if (size !== undefined && this.#size !== size) {
      throw new ImageSpecError(
        'SIZE_MISMATCH',
        `cannot accept ${this.#name}: it ends after ${this.#size} of ${size} bytes`,
      );
    }
    const actual: Digest = `${this.#algorithm}:${this.#hash.digest('hex')}`;
    if (digest !== undefined && actual !== digest) {
      throw new ImageSpecError('DIGEST_MISMATCH', `cannot accept ${digest}: the content is ${actual}`);
    }
    return { digest: actual, size: this.#size };
  }

  get #name(): string {
    return this.#expected.digest ?? 'the content';
  }
}

/** A stream that ends only if what went through was the expected content, and fails otherwise. */
export function verify(expected: Expected): Transform {
  const verifier = new Verifier(expected);
  // Loaded here, for importing the package is to stay cheap.
  const { Transform } = process.getBuiltinModule('node:stream');
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      attempt(done, () => verifier.update(chunk), chunk);
    },
    flush(done) {
      attempt(done, () => verifier.finish());
    },
  });
}

function attempt(done: TransformCallback, check: () => void, chunk?: Uint8Array): void {
  try {
    check();
  } catch (error) {
    done(error as Error);
    return;
  }
  done(null, chunk);
}
