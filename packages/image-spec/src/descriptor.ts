import { z } from 'zod';
import { Digest, digestAlgorithm, digestOf } from './digest.ts';
import { Platform } from './platform.ts';

// RFC 6838 section 4.2: at most 127 characters on each side.
const mediaTypePattern = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

export const MediaType = z.string().regex(mediaTypePattern, 'a media type looks like type/subtype (RFC 6838)');

export const Annotations = z.record(z.string().min(1, 'a key must not be empty'), z.string());

/** A size in bytes. Numbers above 2^53 - 1 would lose digits in JavaScript and are refused. */
export const Size = z.int('a size is a whole number below 2^53').nonnegative('a size cannot be negative');

/** What a content is, how long it is and what it is called. https://github.com/opencontainers/image-spec/blob/main/descriptor.md */
export const Descriptor = z
  .looseObject({
    mediaType: MediaType,
    digest: Digest,
    size: Size,
    urls: z.array(z.string()).optional(),
    annotations: Annotations.optional(),
    data: z.string().optional(),
    artifactType: MediaType.optional(),
    platform: Platform.optional(),
  })
  .superRefine((descriptor, context) => {
    const message = descriptor.data === undefined ? undefined : dataProblem(descriptor.data, descriptor);
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['data'], message });
  });
export type Descriptor = z.infer<typeof Descriptor>;

/** The descriptor of bytes that are at hand. */
export function describe(content: Uint8Array, mediaType: string): Descriptor {
  return { mediaType, digest: digestOf(content), size: content.length };
}

function dataProblem(data: string, { digest, size }: { digest: Digest; size: number }): string | undefined {
  const bytes = Buffer.from(data, 'base64');
  if (bytes.toString('base64') !== data) return 'data must be padded base64 (RFC 4648 section 4)';
  if (bytes.length !== size) return `data is ${bytes.length} bytes long, the descriptor says ${size}`;
  return digestOf(bytes, digestAlgorithm(digest)) === digest
    ? undefined
    : 'data does not have the digest of the descriptor';
}
