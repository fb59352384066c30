import { type Descriptor, describe } from './descriptor.ts';
import { inspect } from './document/inspect.ts';
import { type DocumentKind, type DocumentOf, names } from './document/kinds.ts';
import type { DocumentProblem } from './document/problem.ts';
import { ImageSpecError } from './error.ts';

/** A document, and the bytes it was read from, which its digest is over. */
export interface Document<Value> {
  readonly kind: DocumentKind;
  /** What it was sent as, or what it calls itself, or what it looks like. */
  readonly mediaType: string;
  /** With all the fields that the specification does not know. */
  readonly value: Value;
  readonly raw: Uint8Array;
  readonly descriptor: Descriptor;
}

export type DocumentCheck<Value> =
  | { readonly ok: true; readonly document: Document<Value>; readonly warnings: readonly DocumentProblem[] }
  | {
      readonly ok: false;
      readonly errors: readonly [DocumentProblem, ...DocumentProblem[]];
      readonly warnings: readonly DocumentProblem[];
    };

/**
 * Reads a document out of its bytes, or its text, and tells all that is wrong with it (up to 100 things), with the place and the
 * section of the specification. `mediaType` is what it has to be: of the OCI's or Docker's manifests, indexes, configs, of a
 * descriptor or a layout header; the empty text, or `application/json`, stands for whichever manifest or index it is.
 *
 * Never throws. What Node's JSON.parse lets pass is found, too: bytes that are no UTF-8, keys that are there twice, numbers that
 * lose digits, objects within objects within objects. Warnings are about what is allowed and odd.
 */
export function checkDocument<MediaType extends string>(
  content: Uint8Array | string,
  mediaType: MediaType,
): DocumentCheck<DocumentOf<MediaType>> {
  const { found, errors, warnings } = inspect(content, { mediaType });
  const [first, ...others] = errors;
  if (first !== undefined) return { ok: false, errors: [first, ...others], warnings };
  if (found === undefined) throw new Error('a document without errors and without a value');
  return { ok: true, document: toDocument(found as typeof found & { value: DocumentOf<MediaType> }), warnings };
}

/** As `checkDocument`, for those who go on only with a good document: throws the first problem, with all in `problems`. */
export function parseDocument<MediaType extends string>(
  content: Uint8Array | string,
  mediaType: MediaType,
): Document<DocumentOf<MediaType>> {
  const check = checkDocument(content, mediaType);
  if (check.ok) return check.document;
  throw documentError('document', check.errors);
}

/** An error about a document whose problems are known. */
export function documentError(name: string, problems: readonly DocumentProblem[]): ImageSpecError {
  const [first] = problems;
  const where = first?.path ? `${first.path}: ` : '';
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return new ImageSpecError(
    first?.code ?? 'DOCUMENT_INVALID',
    `cannot read ${name}: ${where}${first?.message}${more}`,
    { path: first?.path ?? '', problems },
  );
}

/** How messages call a kind. */
export function nameOfKind(kind: DocumentKind): string {
  return names[kind];
}

function toDocument<Value>({
  raw,
  ...found
}: {
  kind: DocumentKind;
  mediaType: string;
  value: Value;
  raw: Uint8Array;
}): Document<Value> {
  let descriptor: Descriptor | undefined;
  return {
    ...found,
    raw,
    // Whoever got the bytes by their digest has it already.
    get descriptor() {
      descriptor ??= describe(raw, found.mediaType);
      return descriptor;
    },
  };
}
