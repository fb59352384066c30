import type { z } from 'zod';
import { documentError, nameOfKind } from './check-document.ts';
import { inspect, maxDocumentBytes } from './document/inspect.ts';
import { findInJson } from './document/json-findings.ts';
import type { DocumentKind } from './document/kinds.ts';
import { messageOf } from './document/schema-findings.ts';
import { ImageSpecError } from './error.ts';
import type { ImageConfig } from './image-config.ts';
import type { ImageIndex } from './image-index.ts';
import type { ImageManifest } from './image-manifest.ts';
import { formatPath } from './json/path.ts';
import { decodeText } from './json/text.ts';

export { maxDocumentBytes };

export interface ParseOptions {
  /** What the sender says it is: a Content-Type or the media type of the descriptor. */
  readonly mediaType?: string | undefined;
}

/**
 * Reads a manifest or an index, of the OCI or of Docker's schema 2, from its bytes.
 *
 * Throws DOCUMENT_INVALID with a JSON path, DOCUMENT_TOO_LARGE, SCHEMA1_UNSUPPORTED, MEDIA_TYPE_UNSUPPORTED, and
 * MEDIA_TYPE_CONFLICT for a document that could be read in two ways (CVE-2021-41190). `checkDocument` tells more.
 */
export function parseManifest(bytes: Uint8Array, options: ParseOptions = {}): ImageManifest | ImageIndex {
  return parse<ImageManifest | ImageIndex>(bytes, [...manifests, ...indexes], options);
}

/** As `parseManifest`, of an index alone. */
export function parseImageIndex(bytes: Uint8Array, options: ParseOptions = {}): ImageIndex {
  return parse<ImageIndex>(bytes, indexes, options);
}

/** As `parseManifest`, of the manifest of one image alone. */
export function parseImageManifest(bytes: Uint8Array, options: ParseOptions = {}): ImageManifest {
  return parse<ImageManifest>(bytes, manifests, options);
}

/** Throws DOCUMENT_INVALID with a JSON path, or DOCUMENT_TOO_LARGE. What Docker adds is kept, and not looked at. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  return parse<ImageConfig>(bytes, ['config'], { mediaType: 'application/vnd.oci.image.config.v1+json' });
}

export function isImageIndex(document: ImageManifest | ImageIndex): document is ImageIndex {
  return 'manifests' in document;
}

/** Validates any document, with the JSON path of the first problem in the error. */
export function validate<T>(schema: z.ZodType<T>, document: unknown, name: string): T {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const [first] = result.error.issues;
  const path = formatPath(first?.path ?? []);
  const more = result.error.issues.length > 1 ? ` (and ${result.error.issues.length - 1} more)` : '';
  const what = first === undefined ? '' : messageOf(first);
  throw new ImageSpecError('DOCUMENT_INVALID', `cannot read ${name}: ${path || 'document'}: ${what}${more}`, {
    path,
    cause: result.error,
  });
}

/** JSON text in UTF-8, to an object. Throws DOCUMENT_INVALID or DOCUMENT_TOO_LARGE. */
export function parseJson(bytes: Uint8Array, name: string): Record<string, unknown> {
  const document = parseJsonValue(bytes, name);
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw invalid(name, 'it is not a JSON object');
  return document as Record<string, unknown>;
}

/** As `parseJson`, of what need not be an object. */
export function parseJsonValue(bytes: Uint8Array, name: string): unknown {
  if (bytes.length > maxDocumentBytes) {
    const why = `${bytes.length} bytes, at most ${maxDocumentBytes} are read`;
    throw new ImageSpecError('DOCUMENT_TOO_LARGE', `cannot read ${name}: ${why}`);
  }
  const decoded = decodeText(bytes);
  if ('invalidAt' in decoded)
    throw invalid(name, `it is not JSON in UTF-8: byte ${decoded.invalidAt} belongs to no character`);
  const [first] = findInJson(decoded.text).errors;
  if (first !== undefined) throw invalid(name, first.message, formatPath(first.path));
  return JSON.parse(decoded.text);
}

const manifests: readonly DocumentKind[] = ['manifest', 'dockerManifest'];
const indexes: readonly DocumentKind[] = ['index', 'dockerIndex'];

/** `Value` is that of the OCI: what Docker has of its own are fields that it need not know. */
function parse<Value>(bytes: Uint8Array, kinds: readonly DocumentKind[], { mediaType = '' }: ParseOptions): Value {
  const { found, errors } = inspect(bytes, { mediaType, kinds });
  if (found !== undefined) return found.value as Value;
  throw documentError(kinds.length > 2 ? 'manifest' : nameOfKind(kinds[0] ?? 'manifest'), errors);
}

function invalid(name: string, why: string, path = ''): ImageSpecError {
  return new ImageSpecError('DOCUMENT_INVALID', `cannot read ${name}: ${path === '' ? '' : `${path}: `}${why}`, {
    path,
  });
}
