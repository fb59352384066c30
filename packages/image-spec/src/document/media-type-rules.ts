import { foldKey } from '../json/fold.ts';
import { describeMediaType, mediaTypeEssence, mediaTypes } from '../media-types.ts';
import { type DocumentKind, kindOfMediaType } from './kinds.ts';
import type { Finding } from './problem.ts';
import { conflicts, schema1 } from './sections.ts';

/**
 * What a document is, and whether it could be taken for something else (CVE-2021-41190). It may have a media type of its
 * own, it was sent or described as one, and it has the fields of one: all have to agree.
 * https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh
 */
export function identify(
  document: Readonly<Record<string, unknown>>,
  said: string,
): { kind: DocumentKind | undefined; findings: Finding[] } {
  const own = typeof document.mediaType === 'string' ? mediaTypeEssence(document.mediaType) : '';
  const sent = unspecific.has(mediaTypeEssence(said)) ? '' : mediaTypeEssence(said);
  // The media type in a descriptor is that of its target.
  if (sent === mediaTypes.descriptor) return { kind: 'descriptor', findings: [] };
  if (document.schemaVersion === 1 || describeMediaType(sent || own).kind === 'schema1') {
    return { kind: undefined, findings: [schema1Finding] };
  }
  const kind = kindOf(document, sent || own);
  const known = kind === undefined ? [unsupported(sent || own)] : [];
  const misspelt = isOfImages(kind) ? misspeltFields(document) : [];
  return { kind, findings: [...conflictsOf(document, { own, sent, kind }), ...misspelt, ...known] };
}

// Registries that keep no media types answer with one of these; they say nothing about the document.
const unspecific = new Set(['', 'application/json', 'application/octet-stream', 'text/plain']);

function kindOf(document: Readonly<Record<string, unknown>>, type: string): DocumentKind | undefined {
  if (type !== '') return kindOfMediaType(type);
  return 'manifests' in document ? 'index' : 'manifest';
}

function conflictsOf(
  document: Readonly<Record<string, unknown>>,
  { own, sent, kind }: { own: string; sent: string; kind: DocumentKind | undefined },
): Finding[] {
  const found: Finding[] = [];
  if (own !== '' && sent !== '' && own !== sent) {
    found.push(conflict('mediaType', `it calls itself ${own} and was sent as ${sent}`));
  }
  const parts = ['layers', 'config', 'fsLayers'].filter((field) => field in document);
  if ('manifests' in document && parts.length > 0) {
    found.push(conflict('manifests', `it has manifests like an index and ${parts.join(' and ')} like an image`));
  } else if ('fsLayers' in document && 'layers' in document) {
    found.push(conflict('fsLayers', 'it has fsLayers like an image of schema 1 and layers like one of schema 2'));
  } else {
    const shape = 'manifests' in document ? 'index' : 'layers' in document ? 'manifest' : undefined;
    if (shape !== undefined && isOfImages(kind) && shape !== describeMediaType(mediaTypes[kind]).kind) {
      found.push(
        conflict('mediaType', `its media type is ${sent || own} and its content is that of an image ${shape}`),
      );
    }
  }
  return found;
}

function isOfImages(kind: DocumentKind | undefined): kind is DocumentKind {
  return kind !== undefined && ['index', 'manifest'].includes(describeMediaType(mediaTypes[kind]).kind);
}

/** `Manifests` is a field of its own here, and the list of an index to those who read it with Go. */
function misspeltFields(document: Readonly<Record<string, unknown>>): Finding[] {
  return Object.keys(document).flatMap((key) => {
    const field = fields.get(foldKey(key));
    // Where both are there, the text has told.
    if (field === undefined || field in document) return [];
    return [conflict(key, `${JSON.stringify(key)} is ${field} to those who do not mind capitals; write ${field}`)];
  });
}

const fields = new Map(
  'schemaVersion mediaType artifactType config layers manifests subject annotations fsLayers'
    .split(' ')
    .map((field) => [foldKey(field), field]),
);

function conflict(field: string, message: string): Finding {
  return { code: 'MEDIA_TYPE_CONFLICT', path: [field], message, section: conflicts };
}

function unsupported(type: string): Finding {
  const message = `it is ${type}, not an image manifest or index, nor any other document of images`;
  return { code: 'MEDIA_TYPE_UNSUPPORTED', path: ['mediaType'], message, section: conflicts };
}

const schema1Finding: Finding = {
  code: 'SCHEMA1_UNSUPPORTED',
  path: ['schemaVersion'],
  message: 'image manifests of schema 1 are obsolete; push the image again with a current tool',
  section: schema1,
};
