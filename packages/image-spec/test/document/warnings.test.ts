import { expect, test } from 'vitest';
import { emptyDescriptor } from '../../src/artifact.ts';
import { checkDocument } from '../../src/check-document.ts';
import { digestOf } from '../../src/digest.ts';
import { mediaTypes } from '../../src/media-types.ts';
import { config, imageConfig, index, layer, manifest } from './fixtures.ts';

const text = (document: unknown) => JSON.stringify(document);

function warningsOf(document: object, mediaType = '') {
  const check = checkDocument(text(document), mediaType);
  expect(check.ok).toBe(true);
  return check.warnings.map(({ path, message }) => `${path}: ${message}`);
}

test.each([
  [
    'no layers',
    { ...manifest, layers: [] },
    '',
    'layers: there are none, and there should be one; the empty descriptor will do',
  ],
  [
    'no media type',
    { ...manifest, mediaType: undefined },
    '',
    ': it has no media type of its own, which it should have',
  ],
  [
    'an unknown layer',
    { ...manifest, layers: [{ ...layer, mediaType: 'application/x' }] },
    '',
    'layers[0].mediaType: application/x is not known for a layer',
  ],
  [
    'an unknown config',
    { ...manifest, config: { ...config, mediaType: 'application/x' } },
    '',
    'config.mediaType: the config is application/x, not of an image',
  ],
  [
    'a false empty config',
    { ...manifest, artifactType: 'a/b', config: { ...emptyDescriptor, digest: digestOf('x'), data: undefined } },
    '',
    'config: it is called empty and is not the two bytes {}',
  ],
  [
    'an unknown entry',
    { ...index, manifests: [{ ...layer, mediaType: 'a/b' }] },
    '',
    'manifests[0].mediaType: a/b is not known for a manifest',
  ],
  [
    'a strange platform',
    { ...index, manifests: [{ ...index.manifests[0], platform: { os: 'templeos', architecture: 'amd64' } }] },
    '',
    'manifests[0].platform.os: "templeos" is no operating system that Go knows',
  ],
  [
    'a strange processor',
    { ...imageConfig, architecture: 'z80' },
    mediaTypes.config,
    'architecture: "z80" is no architecture that Go knows',
  ],
  [
    'a list without platforms',
    { ...index, mediaType: mediaTypes.dockerIndex, manifests: [{ ...config, mediaType: mediaTypes.dockerManifest }] },
    '',
    'manifests[0]: it names no platform, as every entry of a list has to',
  ],
  [
    'a value of two lines',
    { ...imageConfig, config: { Env: ['A=1\n2'] } },
    mediaTypes.config,
    'config.Env[0]: it has several lines, which some tools refuse',
  ],
  [
    'a time that is none',
    { ...manifest, annotations: { 'org.opencontainers.image.created': 'today' } },
    '',
    'annotations["org.opencontainers.image.created"]: a time looks like 2024-02-29T12:00:00Z (RFC 3339)',
  ],
])('a document with %s is read, with a warning', (_, document, mediaType, warning) => {
  expect(warningsOf(document, mediaType)).toEqual([warning]);
});

test('attestations are for no platform, and that is fine', () => {
  const unknown = { ...index.manifests[0], platform: { os: 'unknown', architecture: 'unknown' } };
  expect(warningsOf({ ...index, manifests: [unknown] })).toEqual([]);
});

test('half a character in a text is a warning', () => {
  const check = checkDocument(text(manifest).replace('{', '{"x":"\\ud800",'), '');
  expect(check).toMatchObject({
    ok: true,
    warnings: [{ path: 'x', rule: 'RFC 8259 section 8.2, Unicode characters' }],
  });
});
