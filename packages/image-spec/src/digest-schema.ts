import { z } from 'zod';
import { type Digest as DigestText, digestGrammar, digestProblem } from './digest.ts';
import { lazySchema } from './lazy-schema.ts';

export type Digest = DigestText;

/**
 * Takes a digest of any algorithm, which is for those who read what it names: `parseDigest` says DIGEST_UNSUPPORTED then.
 * https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
 */
export const Digest = lazySchema(
  () =>
    z
      .string()
      .regex(digestGrammar, { abort: true, message: 'a digest looks like sha256:<64 lower-case hexadecimal digits>' })
      .superRefine((text, context) => {
        const problem = digestProblem(text);
        if (problem === undefined || problem.code === 'DIGEST_UNSUPPORTED') return;
        context.addIssue({ code: 'custom', message: problem.message });
      }) as unknown as z.ZodType<Digest, Digest>,
);
