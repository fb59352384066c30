import type { z } from 'zod';
import { ImageSpecError } from './error.ts';
import { ImageConfig } from './image-config.ts';
import { ImageIndex } from './image-index.ts';
import { ImageManifest } from './image-manifest.ts';
import { describeMediaType, type MediaTypeKind, mediaTypeEssence } from './media-types.ts';

/** The longest document that is read: 4 MiB, which registries have to accept and need not exceed. */
export const maxDocumentBytes = 4 * 1024 * 1024;

export interface ParseOptions {
  /** What the sender says it is: a Content-Type or the media type of the descriptor. */
  readonly mediaType?: string | undefined;
}

/**
 * Reads a manifest or an index, of the OCI or of Docker's schema 2, from its bytes.
 *
 * Throws DOCUMENT_INVALID with a JSON path, DOCUMENT_TOO_LARGE, SCHEMA1_UNSUPPORTED, MEDIA_TYPE_UNSUPPORTED, and
 * MEDIA_TYPE_CONFLICT for a document that could be read in two ways (CVE-2021-41190).
 */
export function parseManifest(bytes: Uint8Array, options: ParseOptions = {}): ImageManifest | ImageIndex {
  const document = parseJson(bytes, 'manifest');
  return kindOf(document, options) === 'index'
    ? validate(ImageIndex, document, 'image index')
    : validate(ImageManifest, document, 'image manifest');
}

/** As `parseManifest`, of an index alone. */
export function parseImageIndex(bytes: Uint8Array, options: ParseOptions = {}): ImageIndex {
  const document = parseManifest(bytes, options);
  if (!isImageIndex(document)) throw unsupported('an image manifest', 'an image index');
  return document;
}

/** As `parseManifest`, of the manifest of one image alone. */
export function parseImageManifest(bytes: Uint8Array, options: ParseOptions = {}): ImageManifest {
  const document = parseManifest(bytes, options);
  if (isImageIndex(document)) throw unsupported('an image index', 'an image manifest');
  return document;
}

/** Throws DOCUMENT_INVALID with a JSON path, or DOCUMENT_TOO_LARGE. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  return validate(ImageConfig, parseJson(bytes, 'image config'), 'image config');
}

export function isImageIndex(document: ImageManifest | ImageIndex): document is ImageIndex {
  return 'manifests' in document;
}

/** Validates any document, with the JSON path of the first problem in the error. */
export function validate<T>(schema: z.ZodType<T>, document: unknown, name: string): T {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const [first] = result.error.issues;
  const path = jsonPath(first?.path ?? []);
  const more = result.error.issues.length > 1 ? ` (and ${result.error.issues.length - 1} more)` : '';
  throw new ImageSpecError('DOCUMENT_INVALID', `cannot read ${name}: ${path || 'document'}: ${first?.message}${more}`, {
    path,
    cause: result.error,
  });
}

/** JSON text in UTF-8, to an object. Throws DOCUMENT_INVALID or DOCUMENT_TOO_LARGE. */
export function parseJson(bytes: Uint8Array, name: string): Record<string, unknown> {
  if (bytes.length > maxDocumentBytes) {
    throw new ImageSpecError(
      'DOCUMENT_TOO_LARGE',
      `cannot read ${name}: ${bytes.length} bytes, at most ${maxDocumentBytes} are read`,
    );
  }
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new ImageSpecError('DOCUMENT_INVALID', `cannot read ${name}: not JSON in UTF-8`, { path: '', cause });
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new ImageSpecError('DOCUMENT_INVALID', `cannot read ${name}: not a JSON object`, { path: '' });
  }
  return document as Record<string, unknown>;
}

// Registries that keep no media types answer with one of these; they say nothing about the document.
const unspecific = new Set(['', 'application/json', 'application/octet-stream', 'text/plain']);

function kindOf(document: Record<string, unknown>, { mediaType = '' }: ParseOptions): MediaTypeKind {
  const own = typeof document.mediaType === 'string' ? mediaTypeEssence(document.mediaType) : '';
  const said = unspecific.has(mediaTypeEssence(mediaType)) ? '' : mediaTypeEssence(mediaType);
  if (document.schemaVersion === 1 || describeMediaType(said || own).kind === 'schema1') {
    throw new ImageSpecError(
      'SCHEMA1_UNSUPPORTED',
      'cannot read manifest: Docker image manifests of schema 1 are obsolete; push the image again with a current tool',
    );
  }
  if (own !== '' && said !== '' && own !== said) {
    throw conflict(`it calls itself ${own} and was sent as ${said}`);
  }
  if ('manifests' in document && ('layers' in document || 'config' in document)) {
    throw conflict('it has manifests like an index and layers or config like an image');
  }
  const shape = 'manifests' in document ? 'index' : 'manifest';
  if (said === '' && own === '') return shape;
  const { kind } = describeMediaType(said || own);
  if (kind !== 'index' && kind !== 'manifest') throw unsupported(said || own, 'an image manifest or index');
  if (kind !== shape && ('manifests' in document || 'layers' in document)) {
    throw conflict(`its media type is ${said || own} and its content is that of an image ${shape}`);
  }
  return kind;
}

function conflict(why: string): ImageSpecError {
  return new ImageSpecError('MEDIA_TYPE_CONFLICT', `cannot trust manifest: ${why}`, { path: 'mediaType' });
}

function unsupported(is: string, wanted: string): ImageSpecError {
  return new ImageSpecError('MEDIA_TYPE_UNSUPPORTED', `cannot read manifest: it is ${is}, not ${wanted}`, {
    path: 'mediaType',
  });
}

function jsonPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    const name = String(key);
    if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `${text}[${JSON.stringify(name)}]`;
    return text === '' ? name : `${text}.${name}`;
  }, '');
}
