import type { DocumentKind } from './kinds.ts';
import type { Section } from './problem.ts';

/** The section of the specification that a part of a document has to follow. */
export function sectionOf(kind: DocumentKind, path: readonly (string | number)[]): Section {
  const names = path.filter((key) => typeof key === 'string');
  const [first = ''] = names;
  if (kind === 'descriptor') return ofDescriptor(names);
  if (descriptors.has(first) && names.length > 1 && kind !== 'config' && kind !== 'dockerConfig') {
    return ofDescriptor(names.slice(1));
  }
  if (first === 'annotations') return annotations;
  return ofDocument[kind];
}

/** What makes a document be refused that could be read in two ways. */
export const conflicts: Section = section('media-types.md', 'oci-image-media-types', 'media types');

export const json: Section = rfc(8259, '2', 'JSON');
export const utf8: Section = rfc(8259, '8.1', 'character encoding');
export const keys: Section = rfc(8259, '4', 'objects');
export const numbers: Section = rfc(8259, '6', 'numbers');
export const nesting: Section = rfc(8259, '9', 'parsers may set limits');
export const characters: Section = rfc(8259, '8.2', 'Unicode characters');

export const emptyContent: Section = section('manifest.md', 'guidance-for-an-empty-descriptor', 'the empty descriptor');
export const layerChain: Section = section('config.md', 'layer-diffid', 'layer diff id');
export const history: Section = section('config.md', 'properties', 'history');
export const platforms: Section = section('image-index.md', 'image-index-property-descriptions', 'platform');
export const schema1: Section = {
  rule: 'distribution, image manifest v2 schema 1, deprecated',
  url: 'https://distribution.github.io/distribution/spec/deprecated-schema-v1/',
};
export const size: Section = {
  rule: 'distribution-spec, pushing manifests',
  url: 'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests',
};

const descriptors = new Set(['config', 'layers', 'manifests', 'subject']);
const annotations = section('annotations.md', 'rules', 'rules');

const ofDocument: Readonly<Record<DocumentKind, Section>> = {
  descriptor: section('descriptor.md', 'properties', 'properties'),
  layoutHeader: section('image-layout.md', 'oci-layout-file', 'oci-layout file'),
  index: section('image-index.md', 'image-index-property-descriptions', 'image index properties'),
  manifest: section('manifest.md', 'image-manifest-property-descriptions', 'image manifest properties'),
  config: section('config.md', 'properties', 'properties'),
  dockerIndex: docker('manifest-list-field-descriptions', 'manifest list fields'),
  dockerManifest: docker('image-manifest-field-descriptions', 'image manifest fields'),
  dockerConfig: { rule: 'docker-image-spec, image JSON', url: 'https://github.com/moby/docker-image-spec' },
};

function ofDescriptor([name = '']: readonly string[]): Section {
  if (name === 'digest') return section('descriptor.md', 'digests', 'digests');
  if (name === 'annotations') return annotations;
  return name === 'platform' ? platforms : ofDocument.descriptor;
}

function section(file: string, anchor: string, name: string): Section {
  const url = `https://github.com/opencontainers/image-spec/blob/main/${file}#${anchor}`;
  return { rule: `image-spec, ${file}, ${name}`, url };
}

function docker(anchor: string, name: string): Section {
  const file = 'manifest-v2-2';
  return {
    rule: `distribution, ${file}, ${name}`,
    url: `https://distribution.github.io/distribution/spec/${file}/#${anchor}`,
  };
}

function rfc(number: number, part: string, name: string): Section {
  return {
    rule: `RFC ${number} section ${part}, ${name}`,
    url: `https://www.rfc-editor.org/rfc/rfc${number}#section-${part}`,
  };
}
