import type { ImageSpecErrorCode } from '../error.ts';

/** One thing that is wrong with a document, or odd about it. */
export interface DocumentProblem {
  /** What an error is thrown with that is about this problem alone. */
  readonly code: ImageSpecErrorCode;
  /** Where, as a JSON path: `layers[0].digest`; the document itself is the empty text. */
  readonly path: string;
  readonly message: string;
  /** The section that says so: `image-spec, descriptor.md, digests`. */
  readonly rule: string;
  readonly url: string;
  /** Where it begins in the bytes of the document, and in its lines, which begin with 1. */
  readonly offset?: number;
  readonly line?: number;
  readonly column?: number;
}

/** A problem whose place in the text is still to be looked up. */
export interface Finding {
  readonly code: ImageSpecErrorCode;
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly section: Section;
  /** In the text; otherwise it is where the path leads. */
  readonly offset?: number | undefined;
}

export interface Section {
  readonly rule: string;
  readonly url: string;
}

/** So many are told. A document of 4 MiB could have a million. */
export const mostProblems = 100;
