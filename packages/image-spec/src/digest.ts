import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ImageSpecError } from './error.ts';

/**
 * The name of a content: `sha256:` or `sha512:` and lower-case hexadecimal digits.
 * https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
 */
export type Digest = `${DigestAlgorithm}:${string}`;
export type DigestAlgorithm = 'sha256' | 'sha512';

export const Digest: z.ZodType<Digest, Digest> = z.string().superRefine((text, context) => {
  const problem = digestProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem.message });
}) as unknown as z.ZodType<Digest, Digest>;

/** Throws DIGEST_INVALID, or DIGEST_UNSUPPORTED for an algorithm that the specification knows and this machine lacks. */
export function parseDigest(text: string): Digest {
  const problem = digestProblem(text);
  if (problem !== undefined)
    throw new ImageSpecError(problem.code, `cannot read digest ${quote(text)}: ${problem.message}`);
  return text as Digest;
}

export function isDigest(text: string): text is Digest {
  return digestProblem(text) === undefined;
}

/** The digest of bytes, or of a text in UTF-8. For a stream, pipe it through `Verifier`. */
export function digestOf(content: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(content).digest('hex')}`;
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.slice(0, 6) as DigestAlgorithm;
}

const grammar = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;
const hexDigits: Record<DigestAlgorithm, number> = { sha256: 64, sha512: 128 };

function digestProblem(text: string): { code: 'DIGEST_INVALID' | 'DIGEST_UNSUPPORTED'; message: string } | undefined {
  if (text.length > 512 || !grammar.test(text)) {
    return { code: 'DIGEST_INVALID', message: 'a digest looks like sha256:<64 lower-case hexadecimal digits>' };
  }
  const [algorithm = '', encoded = ''] = text.split(':');
  if (algorithm !== 'sha256' && algorithm !== 'sha512') {
    return {
      code: 'DIGEST_UNSUPPORTED',
      message: `digest algorithm ${algorithm} is not supported; use sha256 or sha512`,
    };
  }
  if (encoded.length !== hexDigits[algorithm] || !/^[0-9a-f]*$/.test(encoded)) {
    return {
      code: 'DIGEST_INVALID',
      message: `${algorithm} has ${hexDigits[algorithm]} lower-case hexadecimal digits`,
    };
  }
  return undefined;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
