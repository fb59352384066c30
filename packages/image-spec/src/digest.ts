import { ImageSpecError } from './error.ts';
import { startHash } from './hash.ts';

/**
 * The name of a content: `sha256:` or `sha512:` and lower-case hexadecimal digits. In a document it may be that of another
 * algorithm, too: what has such a name can be told of, and not be read.
 * https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
 */
export type Digest = `${DigestAlgorithm}:${string}`;
export type DigestAlgorithm = 'sha256' | 'sha512';

/** Throws DIGEST_INVALID, or DIGEST_UNSUPPORTED for an algorithm whose digests cannot be computed here, such as blake3. */
export function parseDigest(text: string): Digest {
  const problem = digestProblem(text);
  if (problem !== undefined) throw refused(text, problem);
  return text as Digest;
}

/** The algorithm, which may be any, and what it made: neither can lead out of a directory. Throws DIGEST_INVALID. */
export function digestParts(text: string): [algorithm: string, encoded: string] {
  const problem = digestProblem(text);
  if (problem?.code === 'DIGEST_INVALID') throw refused(text, problem);
  return text.split(':') as [string, string];
}

export function isDigest(text: string): text is Digest {
  return digestProblem(text) === undefined;
}

/** The digest of bytes, or of a text in UTF-8. For a stream, pipe it through `Verifier`. */
export function digestOf(content: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${startHash(algorithm).update(content).digest('hex')}`;
}

/** Throws DIGEST_UNSUPPORTED for one out of a document, where it may be of any algorithm. */
export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  if (digest.startsWith('sha256:')) return 'sha256';
  if (digest.startsWith('sha512:')) return 'sha512';
  return parseDigest(digest).slice(0, 6) as DigestAlgorithm;
}

/** As `image-spec/schema/defs-descriptor.json` has it. */
export const digestGrammar: RegExp = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;

export interface DigestProblem {
  readonly code: 'DIGEST_INVALID' | 'DIGEST_UNSUPPORTED';
  readonly message: string;
}

/** What is wrong with a digest, if anything is. */
export function digestProblem(text: string): DigestProblem | undefined {
  // The length first: a hostile text is not worth a regular expression.
  if (text.length > 512 || !digestGrammar.test(text)) {
    return { code: 'DIGEST_INVALID', message: 'a digest looks like sha256:<64 lower-case hexadecimal digits>' };
  }
  const [algorithm = '', encoded = ''] = text.split(':');
  const digits = hexDigits[algorithm];
  if (digits !== undefined && (encoded.length !== digits || !/^[0-9a-f]*$/.test(encoded))) {
    return { code: 'DIGEST_INVALID', message: `${algorithm} has ${digits} lower-case hexadecimal digits` };
  }
  if (algorithm === 'sha256' || algorithm === 'sha512') return undefined;
  return {
    code: 'DIGEST_UNSUPPORTED',
    message: `digest algorithm ${algorithm} is not supported; use sha256 or sha512`,
  };
}

// The registered algorithms. Node's OpenSSL has no blake3: what is named by it can be described, but not verified.
// https://github.com/opencontainers/image-spec/blob/main/descriptor.md#registered-algorithms
const hexDigits: Readonly<Record<string, number | undefined>> = Object.assign(Object.create(null), {
  sha256: 64,
  sha512: 128,
  blake3: 64,
});

function refused(text: string, { code, message }: DigestProblem): ImageSpecError {
  const shown = JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
  return new ImageSpecError(code, `cannot read digest ${shown}: ${message}`);
}
