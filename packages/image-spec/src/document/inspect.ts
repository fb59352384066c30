import { formatPath } from '../json/path.ts';
import { scanJson } from '../json/scan.ts';
import { decodeText, locator } from '../json/text.ts';
import { mediaTypeEssence, mediaTypes } from '../media-types.ts';
import { findFurther } from './further-rules.ts';
import { findInJson } from './json-findings.ts';
import { type DocumentKind, names } from './kinds.ts';
import { identify } from './media-type-rules.ts';
import { type DocumentProblem, type Finding, mostProblems } from './problem.ts';
import { findBySchema } from './schema-findings.ts';
import { conflicts, json, size, utf8 } from './sections.ts';

/** The longest document that is read: 4 MiB, which registries have to accept and need not exceed. */
export const maxDocumentBytes = 4 * 1024 * 1024;

export interface Inspection {
  /** There where there are no errors. */
  readonly found?: { kind: DocumentKind; mediaType: string; value: unknown; raw: Uint8Array } | undefined;
  readonly errors: readonly DocumentProblem[];
  readonly warnings: readonly DocumentProblem[];
}

export interface InspectOptions {
  readonly mediaType: string;
  /** The kinds that are wanted; all unless told. */
  readonly kinds?: readonly DocumentKind[] | undefined;
}

/** Reads a document from bytes or text, and finds all that is wrong with it. Throws nothing. */
export function inspect(content: Uint8Array | string, options: InspectOptions): Inspection {
  const length = typeof content === 'string' ? Buffer.byteLength(content) : content.length;
  if (length > maxDocumentBytes) return { errors: [tooLarge(length)], warnings: [] };
  const decoded = decodeText(content);
  if ('invalidAt' in decoded) return { errors: [notUtf8(decoded.invalidAt)], warnings: [] };
  const { text, bytes } = decoded;
  const { value, kind, first = [], errors, warnings } = findAll(text, options);
  const groups = [first, errors, warnings].map((group) => group.slice(0, mostProblems));
  const [early = [], later = [], odd = []] = locateAll(text, groups);
  const all = { errors: [...early, ...later].slice(0, mostProblems), warnings: odd };
  if (all.errors.length > 0 || kind === undefined) return all;
  return { ...all, found: { kind, mediaType: typeOf(value, kind, options), value, raw: bytes } };
}

interface Findings {
  readonly kind?: DocumentKind | undefined;
  readonly value?: unknown;
  /** What nothing else can be believed after. */
  readonly first?: readonly Finding[];
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
}

function findAll(text: string, { mediaType, kinds }: InspectOptions): Findings {
  const inJson = findInJson(text, { mediaType });
  if (inJson.fatal) return { errors: inJson.errors, warnings: [] };
  const document: unknown = JSON.parse(text);
  if (!isObject(document)) return { first: [notObject], errors: inJson.errors, warnings: [] };
  const { kind, findings } = identify(document, mediaType);
  if (kind === undefined) return { first: findings, errors: inJson.errors, warnings: inJson.warnings };
  if (kinds?.includes(kind) === false) {
    return { first: [...findings, unwanted(kind, kinds)], errors: inJson.errors, warnings: inJson.warnings };
  }
  const bySchema = findBySchema(kind, document);
  const further = findFurther(kind, document);
  // What the text says about a number is nearer to the truth than what became of it.
  const lossy = new Map(inJson.numbers.map((finding) => [formatPath(finding.path), finding]));
  const wrong = (bySchema.findings ?? []).map((finding) => lossy.get(formatPath(finding.path)) ?? finding);
  const harmless = inJson.numbers.filter((finding) => !wrong.includes(finding));
  return {
    kind,
    value: bySchema.value,
    first: findings,
    errors: [...inJson.errors, ...wrong, ...further.errors],
    warnings: [...inJson.warnings, ...harmless, ...further.warnings],
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Each group in the order of the text, with the places of its findings. */
function locateAll(text: string, groups: readonly (readonly Finding[])[]): DocumentProblem[][] {
  const places = placesOf(text, groups.flat());
  const locate = locator(text);
  const placed = groups.flatMap((findings, group) =>
    findings.map((finding) => ({ group, finding, place: placeOf(finding, places) })),
  );
  // From the beginning to the end, so that the text is gone through once.
  const problems = placed
    .sort((a, b) => a.place - b.place)
    .map(({ group, finding: { code, path, message, section }, place }) => ({
      group,
      problem: { code, path: formatPath(path), message, ...section, ...locate(place) },
    }));
  return groups.map((_, wanted) => problems.flatMap(({ group, problem }) => (group === wanted ? [problem] : [])));
}

/** By path: where it begins in the text. */
function placesOf(text: string, findings: readonly Finding[]): ReadonlyMap<string, number> {
  const wanted = new Set(findings.flatMap(({ path }) => path.map((_, index) => formatPath(path.slice(0, index + 1)))));
  const places = new Map<string, number>();
  if (findings.length === 0) return places;
  // The number of steps first: most values are elsewhere, and to write their paths down takes time.
  const depths = new Set(findings.flatMap(({ path }) => path.map((_, index) => index + 1)));
  scanJson(text, {
    onValue: (path, offset) => {
      if (path.length === 0) places.set('', offset);
      else if (depths.has(path.length)) {
        const name = formatPath(path);
        if (wanted.has(name)) places.set(name, offset);
      }
    },
  });
  return places;
}

/** Of what is missing, where the object begins that should have it. */
function placeOf({ path, offset }: Finding, places: ReadonlyMap<string, number>): number {
  const above = path.map((_, index) => places.get(formatPath(path.slice(0, path.length - index))));
  return offset ?? above.find((found) => found !== undefined) ?? places.get('') ?? 0;
}

function typeOf(value: unknown, kind: DocumentKind, { mediaType }: InspectOptions): string {
  const said = mediaTypeEssence(mediaType);
  const own =
    isObject(value) && kind !== 'descriptor' && typeof value.mediaType === 'string' ? value.mediaType : undefined;
  return said.startsWith('application/vnd.') ? said : (own ?? mediaTypes[kind]);
}

function tooLarge(length: number): DocumentProblem {
  const message = `it has ${length} bytes, at most ${maxDocumentBytes} are read`;
  return { code: 'DOCUMENT_TOO_LARGE', path: '', message, ...size };
}

function notUtf8(offset: number): DocumentProblem {
  const message = `it is not JSON in UTF-8: byte ${offset} belongs to no character`;
  return { code: 'DOCUMENT_INVALID', path: '', message, ...utf8, offset };
}

const notObject: Finding = { code: 'DOCUMENT_INVALID', path: [], message: 'it is not a JSON object', section: json };

function unwanted(kind: DocumentKind, kinds: readonly DocumentKind[]): Finding {
  const message = `it is an ${names[kind]}, not ${[...new Set(kinds.map((other) => `an ${names[other]}`))].join(' or ')}`;
  return {
    code: 'MEDIA_TYPE_UNSUPPORTED',
    path: ['mediaType'],
    message: message.replaceAll(/\ban (?![aeiou])/g, 'a '),
    section: conflicts,
  };
}
