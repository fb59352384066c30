import { z } from 'zod';
import { type Digest as DigestText, digestGrammar, digestProblem } from './digest.ts';
import { lazySchema } from './lazy-schema.ts';

export type Digest = DigestText;

export const Digest = lazySchema(
  () =>
    z
      .string()
      .regex(digestGrammar, { abort: true, message: 'a digest looks like sha256:<64 lower-case hexadecimal digits>' })
      .superRefine((text, context) => {
        const problem = digestProblem(text);
        if (problem === undefined) return;
        context.addIssue({ code: 'custom', message: problem.message, params: { code: problem.code } });
      }) as unknown as z.ZodType<Digest, Digest>,
);
