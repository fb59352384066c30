import { expect, test } from 'vitest';
import { digestOf } from '../src/digest.ts';
import {
  isImageIndex,
  maxDocumentBytes,
  parseImageConfig,
  parseImageIndex,
  parseImageManifest,
  parseManifest,
} from '../src/document.ts';
import { mediaTypes } from '../src/media-types.ts';
import { errorOf } from './error-of.ts';

const config = { mediaType: mediaTypes.config, digest: digestOf('config'), size: 6 };
const layer = { mediaType: mediaTypes.layerGzip, digest: digestOf('layer'), size: 5 };
const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [layer] };
const index = {
  schemaVersion: 2,
  mediaType: mediaTypes.index,
  manifests: [{ ...config, mediaType: mediaTypes.manifest }],
};

const bytes = (document: unknown): Buffer => Buffer.from(JSON.stringify(document));

test('manifests and indexes are told apart', () => {
  expect(isImageIndex(parseManifest(bytes(manifest)))).toBe(false);
  expect(isImageIndex(parseManifest(bytes(index)))).toBe(true);
  expect(parseImageManifest(bytes(manifest))).toEqual(manifest);
  expect(parseImageIndex(bytes(index))).toEqual(index);
});

test("Docker's documents of schema 2 are read like those of the OCI", () => {
  const docker = { ...manifest, mediaType: mediaTypes.dockerManifest };
  expect(parseManifest(bytes(docker), { mediaType: mediaTypes.dockerManifest })).toEqual(docker);
});

test('a document without a media type is read by its shape and by what the sender says', () => {
  const { mediaType: _, ...untyped } = manifest;
  expect(isImageIndex(parseManifest(bytes(untyped)))).toBe(false);
  expect(isImageIndex(parseManifest(bytes(untyped), { mediaType: 'application/json' }))).toBe(false);
  expect(errorOf(() => parseManifest(bytes(untyped), { mediaType: mediaTypes.index })).code).toBe(
    'MEDIA_TYPE_CONFLICT',
  );
});

test('unknown fields survive', () => {
  expect(parseManifest(bytes({ ...manifest, 'io.new': [1] }))).toMatchObject({ 'io.new': [1] });
});

test('a document that could be read in two ways is refused', () => {
  expect(errorOf(() => parseManifest(bytes({ ...manifest, manifests: [] }))).code).toBe('MEDIA_TYPE_CONFLICT');
  expect(errorOf(() => parseManifest(bytes({ ...index, layers: [] }))).code).toBe('MEDIA_TYPE_CONFLICT');
  expect(errorOf(() => parseManifest(bytes({ ...index, config }))).code).toBe('MEDIA_TYPE_CONFLICT');
  expect(errorOf(() => parseManifest(bytes({ ...index, mediaType: mediaTypes.manifest }))).code).toBe(
    'MEDIA_TYPE_CONFLICT',
  );
});

test('a document sent as something else than it says is refused', () => {
  const error = errorOf(() => parseManifest(bytes(manifest), { mediaType: mediaTypes.dockerManifest }));
  expect(error).toMatchObject({ code: 'MEDIA_TYPE_CONFLICT', path: 'mediaType' });
});

test('the media type of the sender may have parameters', () => {
  expect(parseManifest(bytes(manifest), { mediaType: `${mediaTypes.manifest}; charset=utf-8` })).toEqual(manifest);
});

test('schema 1 is refused by name', () => {
  expect(errorOf(() => parseManifest(bytes({ schemaVersion: 1, name: 'x', fsLayers: [] }))).code).toBe(
    'SCHEMA1_UNSUPPORTED',
  );
  const sent = { mediaType: 'application/vnd.docker.distribution.manifest.v1+prettyjws' };
  expect(errorOf(() => parseManifest(bytes({}), sent)).code).toBe('SCHEMA1_UNSUPPORTED');
});

test('a document of another kind is refused', () => {
  expect(errorOf(() => parseManifest(bytes(manifest), { mediaType: 'text/html' })).code).toBe('MEDIA_TYPE_CONFLICT');
  expect(errorOf(() => parseManifest(bytes({ schemaVersion: 2 }), { mediaType: 'text/html' })).code).toBe(
    'MEDIA_TYPE_UNSUPPORTED',
  );
  expect(errorOf(() => parseImageIndex(bytes(manifest))).code).toBe('MEDIA_TYPE_UNSUPPORTED');
});

test('an error says where in the document', () => {
  const broken = { ...manifest, layers: [layer, { ...layer, digest: 'sha256:ABC' }] };
  const error = errorOf(() => parseManifest(bytes(broken)));
  expect(error).toMatchObject({ code: 'DOCUMENT_INVALID', path: 'layers[1].digest' });
  expect(error.message).toContain('layers[1].digest');
  const odd = { ...manifest, annotations: { 'a.b': 1 } };
  expect(errorOf(() => parseManifest(bytes(odd))).path).toBe('annotations["a.b"]');
});

test.each([
  ['no JSON', Buffer.from('<html>')],
  ['not UTF-8', Buffer.from(JSON.stringify({ ...manifest, annotations: { a: '\u00ff' } }), 'latin1')],
  ['a byte order mark', Buffer.from('\ufeff{}')],
  ['a list', Buffer.from('[]')],
  ['null', Buffer.from('null')],
  ['empty', Buffer.alloc(0)],
  ['of another version', bytes({ ...manifest, schemaVersion: 3 })],
])('a document that is %s is refused', (_, document) => {
  expect(errorOf(() => parseManifest(document)).code).toBe('DOCUMENT_INVALID');
});

test('a document that is too long is not read', () => {
  expect(errorOf(() => parseManifest(Buffer.alloc(maxDocumentBytes + 1))).code).toBe('DOCUMENT_TOO_LARGE');
});

test('what Docker adds to a config, and its nulls, survive', () => {
  const docker = {
    architecture: 'amd64',
    os: 'linux',
    docker_version: '20.10',
    container_config: { Hostname: 'x', Cmd: null },
    config: {
      Env: ['PATH=/bin', 'EMPTY='],
      Cmd: null,
      Labels: null,
      OnBuild: null,
      Entrypoint: ['/x'],
      ExposedPorts: { '80/tcp': {} },
    },
    rootfs: { type: 'layers', diff_ids: [digestOf('x')] },
    history: [{ created: '2024-01-01T00:00:00.123456789Z', empty_layer: true }],
  };
  expect(parseImageConfig(bytes(docker))).toEqual(docker);
});

test('a config with a nameless variable is refused', () => {
  const broken = {
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['=x'] },
    rootfs: { type: 'layers', diff_ids: [] },
  };
  expect(errorOf(() => parseImageConfig(bytes(broken)))).toMatchObject({
    code: 'DOCUMENT_INVALID',
    path: 'config.Env[0]',
  });
});
