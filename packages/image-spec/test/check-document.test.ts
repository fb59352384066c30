import { describe, expect, expectTypeOf, test } from 'vitest';
import { emptyDescriptor } from '../src/artifact.ts';
import { checkDocument, parseDocument } from '../src/check-document.ts';
import { digestOf } from '../src/digest.ts';
import type { DockerImageConfig } from '../src/docker-documents.ts';
import type { DocumentKind } from '../src/document/kinds.ts';
import type { ImageConfig } from '../src/image-config.ts';
import type { ImageIndex } from '../src/image-index.ts';
import type { ImageManifest } from '../src/image-manifest.ts';
import type { LayoutHeader } from '../src/layout-header.ts';
import { mediaTypes } from '../src/media-types.ts';
import { config, dockerManifest, good, imageConfig, index, layer, manifest } from './document/fixtures.ts';

const text = (document: unknown) => JSON.stringify(document);
const kinds = Object.entries(good) as [DocumentKind, object][];

function errorsOf(content: Uint8Array | string, mediaType = '') {
  const check = checkDocument(content, mediaType);
  return check.ok ? [] : check.errors.map(({ path, message }) => `${path}: ${message}`);
}

function warningsOf(document: object, mediaType = '') {
  const check = checkDocument(text(document), mediaType);
  expect(check.ok).toBe(true);
  return check.warnings.map(({ path, message }) => `${path}: ${message}`);
}

describe.each(kinds)('a good %s', (kind, document) => {
  const bytes = Buffer.from(JSON.stringify({ ...document, 'x.new': { deep: [1] } }, null, 3));

  test('is read, with what the specification does not know, and keeps its bytes', () => {
    const check = checkDocument(bytes, mediaTypes[kind]);
    expect(check).toMatchObject({ ok: true, document: { kind, mediaType: mediaTypes[kind] } });
    if (!check.ok) return;
    expect(check.warnings).toEqual([]);
    expect(check.document.value).toEqual({ ...document, 'x.new': { deep: [1] } });
    expect(check.document.raw).toBe(bytes);
    expect(check.document.descriptor).toEqual({
      mediaType: mediaTypes[kind],
      digest: digestOf(bytes),
      size: bytes.length,
    });
  });

  test('is read from its text alike', () => {
    const check = checkDocument(bytes.toString(), mediaTypes[kind]);
    expect(check.ok && Buffer.from(check.document.raw).equals(bytes)).toBe(true);
  });
});

test('the media type tells the type', () => {
  const read = (content: string) => ({
    manifest: parseDocument(content, mediaTypes.manifest),
    index: parseDocument(content, mediaTypes.index),
    config: parseDocument(content, mediaTypes.config),
    layout: parseDocument(content, mediaTypes.layoutHeader),
    docker: parseDocument(content, mediaTypes.dockerConfig),
    either: parseDocument(content, String('')),
  });
  type Read = { [Name in keyof ReturnType<typeof read>]: ReturnType<typeof read>[Name]['value'] };
  expectTypeOf<Read['manifest']>().toEqualTypeOf<ImageManifest>();
  expectTypeOf<Read['index']>().toEqualTypeOf<ImageIndex>();
  expectTypeOf<Read['config']>().toEqualTypeOf<ImageConfig>();
  expectTypeOf<Read['layout']>().toEqualTypeOf<LayoutHeader>();
  expectTypeOf<Read['docker']>().toEqualTypeOf<DockerImageConfig>();
  expectTypeOf<Read['either']>().toEqualTypeOf<ImageManifest | ImageIndex>();
});

test('whichever manifest or index it is, is known by what it calls itself, or looks like', () => {
  const kindOf = (document: object, mediaType = '') => {
    const check = checkDocument(text(document), mediaType);
    return check.ok ? [check.document.kind, check.document.mediaType] : check.errors[0].code;
  };
  const { mediaType: _, ...untyped } = index;
  expect(kindOf(manifest)).toEqual(['manifest', mediaTypes.manifest]);
  expect(kindOf(untyped, 'application/json; charset=utf-8')).toEqual(['index', mediaTypes.index]);
  expect(kindOf(dockerManifest, 'text/plain')).toEqual(['dockerManifest', mediaTypes.dockerManifest]);
  expect(kindOf({ ...manifest, mediaType: 'application/vnd.example+json' })).toBe('MEDIA_TYPE_UNSUPPORTED');
});

test('all problems are found, in the order of the document, with the rule of the specification and the place', () => {
  const broken = `{
  "schemaVersion": 2,
  "mediaType": "application/vnd.oci.image.manifest.v1+json",
  "config": { "mediaType": "text", "digest": "sha256:ABC", "size": -1 },
  "layers": [
    ${text(layer)},
    { "mediaType": "${mediaTypes.layer}", "digest": "${digestOf('x')}", "size": 12345678901234567890, "data": "e30" }
  ],
  "annotations": { "a.b": 1, "": "x" }
}`;
  const check = checkDocument(broken, mediaTypes.manifest);
  expect(check.ok).toBe(false);
  if (check.ok) return;
  expect(check.errors.map(({ path, line, rule, message }) => [path, line, rule, message])).toEqual([
    ['config.mediaType', 4, 'image-spec, descriptor.md, properties', 'a media type looks like type/subtype (RFC 6838)'],
    ['config.digest', 4, 'image-spec, descriptor.md, digests', 'sha256 has 64 lower-case hexadecimal digits'],
    ['config.size', 4, 'image-spec, descriptor.md, properties', 'a size cannot be negative'],
    [
      'layers[1].size',
      7,
      'RFC 8259 section 6, numbers',
      '12345678901234567890 is beyond the 64 bits of any number in a document',
    ],
    ['layers[1].data', 7, 'image-spec, descriptor.md, properties', 'data must be padded base64 (RFC 4648 section 4)'],
    ['annotations["a.b"]', 9, 'image-spec, annotations.md, rules', 'expected string, received number'],
    ['annotations[""]', 9, 'image-spec, annotations.md, rules', 'a key must not be empty'],
  ]);
  const [first] = check.errors;
  expect(broken.slice(first.offset, (first.offset ?? 0) + 6)).toBe('"text"');
  expect(first).toMatchObject({
    code: 'DOCUMENT_INVALID',
    column: 28,
    url: 'https://github.com/opencontainers/image-spec/blob/main/descriptor.md#properties',
  });
});

test('what is missing is placed where it should be', () => {
  const { digest: _, ...nameless } = layer;
  const check = checkDocument(`{"schemaVersion":2,\n"config":${text(config)},\n"layers":[\n${text(nameless)}]}`, '');
  expect(check.ok ? [] : check.errors).toMatchObject([{ path: 'layers[0].digest', line: 4, column: 1 }]);
});

test('a document that is thrown out of hand says all in its error', () => {
  const broken = text({ ...manifest, schemaVersion: 3, layers: [{ ...layer, size: '5' }] });
  expect(() => parseDocument(broken, mediaTypes.manifest)).toThrow(
    expect.objectContaining({
      code: 'DOCUMENT_INVALID',
      path: 'schemaVersion',
      message: 'cannot read document: schemaVersion: expected 2 (and 1 more)',
      problems: [expect.anything(), expect.objectContaining({ path: 'layers[0].size' })],
    }),
  );
});

test('a size is written as a whole number, for others count with it', () => {
  const sized = (size: string) => text({ ...manifest, layers: [layer] }).replace('"size":5', `"size":${size}`);
  expect(errorsOf(sized('1e3'))).toEqual(['layers[0].size: 1e3 is to be written as a whole number']);
  expect(errorsOf(sized('5.0'))).toEqual(['layers[0].size: 5.0 is to be written as a whole number']);
  expect(errorsOf(sized('9007199254740991'))).toEqual([]);
  expect(errorsOf(sized('9007199254740993'))).toEqual([
    'layers[0].size: 9007199254740993 is beyond 2^53 - 1, from where on digits are lost',
  ]);
  expect(errorsOf(text(manifest).replace(':2,', ':2.0,'))).toEqual([
    'schemaVersion: 2.0 is to be written as a whole number',
  ]);
});

test('a number that only the unknown is counted with is a warning', () => {
  const check = checkDocument(text(manifest).replace('{', '{"x":9007199254740993,"size":1.5,'), '');
  expect(check).toMatchObject({ ok: true, warnings: [{ path: 'x' }] });
});

test('keys that are there twice are refused, and fields that Go would read as one', () => {
  const layers = `"layers":[${text(layer)}]`;
  const twice = `{"schemaVersion":2,"config":${text(config)},${layers},"layers":[]}`;
  expect(errorsOf(twice)).toEqual(['layers: the key "layers" is there twice']);
  expect(errorsOf(twice.replace(/"layers":\[\]/, '"Layers":[]'))).toEqual([
    'Layers: the keys "layers" and "Layers" differ in capitals alone',
  ]);
  expect(warningsOf({ ...manifest, annotations: { Key: 'a', key: 'b' } })).toEqual([]);
  expect(warningsOf({ ...imageConfig, config: { Labels: { A: '1', a: '2' } } }, mediaTypes.config)).toEqual([]);
});

test.each([
  ['no JSON', '<html>', '', 'it is not JSON: expected a value, found "<"', 0],
  ['cut short', '{"schemaVersion":2,', '', 'it is not JSON: expected a key in quotes, found the end', 19],
  ['in Latin-1', Buffer.from('{"a":"é"}', 'latin1'), '', 'it is not JSON in UTF-8: byte 6 belongs to no character', 6],
  ['a list', '[]', '', 'it is not a JSON object', 0],
  ['null', 'null', '', 'it is not a JSON object', 0],
  ['a bomb', '[['.repeat(500_000), '', 'it nests more than 64 deep', 64],
  ['half a character', '{"a":"\ud800"}', '', 'it is not JSON in UTF-8: byte 6 belongs to no character', 6],
])('a document that is %s has one problem', (_, content, path, message, offset) => {
  const check = checkDocument(content, '');
  expect(check.ok ? [] : check.errors).toEqual([expect.objectContaining({ path, message, offset })]);
});

// https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh
test.each([
  ['an index with layers', { ...index, layers: [layer] }, '', 'manifests'],
  ['a manifest with manifests', { ...manifest, manifests: [] }, mediaTypes.manifest, 'manifests'],
  ['a manifest that calls itself an index', { ...manifest, mediaType: mediaTypes.index }, '', 'mediaType'],
  ['an index sent as a manifest', index, mediaTypes.manifest, 'mediaType'],
  ['a manifest sent as that of Docker', manifest, mediaTypes.dockerManifest, 'mediaType'],
  ['a manifest sent as a config', manifest, mediaTypes.config, 'mediaType'],
  ['an untyped index sent as a manifest', { schemaVersion: 2, manifests: [] }, mediaTypes.manifest, 'mediaType'],
  ['layers of both schemas', { ...manifest, fsLayers: [] }, mediaTypes.manifest, 'fsLayers'],
])('%s could be read in two ways, and is not read', (_, document, mediaType, path) => {
  const check = checkDocument(text(document), mediaType);
  expect(check.ok ? [] : check.errors[0]).toMatchObject({ code: 'MEDIA_TYPE_CONFLICT', path });
});

test('the media type in a descriptor is that of its target', () => {
  expect(errorsOf(text({ ...config, mediaType: mediaTypes.index }), mediaTypes.descriptor)).toEqual([]);
});

test('digests that cannot be verified here are told from those that are wrong', () => {
  const named = (digest: string) => {
    const check = checkDocument(text({ ...layer, digest }), mediaTypes.descriptor);
    return check.ok ? check.warnings.map(({ code }) => code) : check.errors[0].code;
  };
  expect(named(digestOf('x', 'sha512'))).toEqual([]);
  expect(named(`blake3:${'a'.repeat(64)}`)).toEqual(['DIGEST_UNSUPPORTED']);
  expect(named('foo+bar:abc')).toEqual(['DIGEST_UNSUPPORTED']);
  expect(named(`blake3:${'A'.repeat(64)}`)).toBe('DOCUMENT_INVALID');
  expect(named(`sha256:${'A'.repeat(64)}`)).toBe('DOCUMENT_INVALID');
  expect(named('foo+:abc')).toBe('DOCUMENT_INVALID');
});

test('every digest that cannot be verified here has its warning, and the document is read', () => {
  const digest = 'foo+bar:abc';
  const message = 'digest algorithm foo+bar is not supported; use sha256 or sha512';
  const subject = { ...layer, digest };
  expect(warningsOf({ ...manifest, subject, config: { ...config, digest }, layers: [layer, subject] })).toEqual(
    ['config.digest', 'layers[1].digest', 'subject.digest'].map((path) => `${path}: ${message}`).sort(),
  );
  expect(warningsOf({ ...index, manifests: [...index.manifests, { ...index.manifests[0], digest }] })).toEqual([
    `manifests[${index.manifests.length}].digest: ${message}`,
  ]);
  const rootfs = { type: 'layers', diff_ids: [digest] };
  expect(warningsOf({ ...imageConfig, rootfs, history: undefined }, mediaTypes.config)).toEqual([
    `rootfs.diff_ids[0]: ${message}`,
  ]);
});

test('an artifact needs a type where its config is empty', () => {
  const artifact = { ...manifest, config: emptyDescriptor, layers: [emptyDescriptor] };
  expect(errorsOf(text(artifact))).toEqual(['artifactType: it has to be set where the config is empty']);
  expect(warningsOf({ ...artifact, artifactType: 'application/vnd.example', subject: config })).toEqual([]);
});

test('a key that would change what objects are made of does not', () => {
  const check = checkDocument(text(manifest).replace('{', '{"__proto__":{"polluted":true},'), '');
  expect(check.ok && (check.document.value as Record<string, unknown>).polluted).toBe(undefined);
  expect(({} as Record<string, unknown>).polluted).toBe(undefined);
});
