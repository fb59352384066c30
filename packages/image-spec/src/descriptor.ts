import { z } from 'zod';
import { digestAlgorithm, digestOf, digestProblem } from './digest.ts';
import { Digest } from './digest-schema.ts';
import { lazySchema } from './lazy-schema.ts';
import { mediaTypePattern } from './media-types.ts';
import { Platform } from './platform-schema.ts';

export const MediaType = lazySchema(() =>
  z.string().regex(mediaTypePattern, 'a media type looks like type/subtype (RFC 6838)'),
);

/** https://github.com/opencontainers/image-spec/blob/main/annotations.md#rules */
export const Annotations = lazySchema(() => z.record(z.string().min(1, 'a key must not be empty'), z.string()));

/** A size in bytes. Numbers above 2^53 - 1 would lose digits in JavaScript and are refused. */
export const Size = lazySchema(() =>
  z.int('a size is a whole number below 2^53').nonnegative('a size cannot be negative'),
);

/** What a content is, how long it is and what it is called. https://github.com/opencontainers/image-spec/blob/main/descriptor.md */
export const Descriptor = lazySchema(() =>
  z
    .looseObject({
      mediaType: MediaType,
      digest: Digest,
      size: Size,
      urls: z.array(z.string().regex(uriPattern, 'a URL begins with its scheme, as in https:// (RFC 3986)')).optional(),
      annotations: Annotations.optional(),
      data: z.string().refine(isBase64, 'data must be padded base64 (RFC 4648 section 4)').optional(),
      artifactType: MediaType.optional(),
      platform: Platform.optional(),
    })
    .superRefine((descriptor, context) => {
      const message = descriptor.data === undefined ? undefined : dataProblem(descriptor.data, descriptor);
      if (message !== undefined) context.addIssue({ code: 'custom', path: ['data'], message });
    }),
);
export type Descriptor = z.infer<typeof Descriptor>;

/** The descriptor of bytes that are at hand. */
export function describe(content: Uint8Array, mediaType: string): Descriptor {
  return { mediaType, digest: digestOf(content), size: content.length };
}

// Section 3 of RFC 3986 has a scheme in front, and no spaces or backslashes anywhere.
const uriPattern = /^[A-Za-z][A-Za-z0-9+.-]*:[^\s\\<>"{}|^`]+$/;

function isBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64') === text;
}

function dataProblem(data: string, { digest, size }: { digest: Digest; size: number }): string | undefined {
  const bytes = Buffer.from(data, 'base64');
  // What is wrong with either alone has been said.
  const problem = digestProblem(digest);
  if (!isBase64(data) || problem?.code === 'DIGEST_INVALID') return undefined;
  // Content that is at hand is used as it is: what nobody can compare is not taken.
  if (problem !== undefined) return `data cannot be compared: ${problem.message}`;
  if (bytes.length !== size) return `data is ${bytes.length} bytes long, the descriptor says ${size}`;
  return digestOf(bytes, digestAlgorithm(digest)) === digest
    ? undefined
    : 'data does not have the digest of the descriptor';
}
