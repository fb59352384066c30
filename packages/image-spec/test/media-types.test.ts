import { expect, test } from 'vitest';
import { describeMediaType, mediaTypes } from '../src/media-types.ts';

test.each([
  [mediaTypes.layerZstd, { kind: 'layer', family: 'oci', compression: 'zstd', foreign: false }],
  [mediaTypes.layer, { kind: 'layer', family: 'oci', compression: 'none', foreign: false }],
  [mediaTypes.dockerLayerGzip, { kind: 'layer', family: 'docker', compression: 'gzip', foreign: false }],
  [mediaTypes.dockerForeignLayerGzip, { kind: 'layer', family: 'docker', compression: 'gzip', foreign: true }],
  [mediaTypes.foreignLayerGzip, { kind: 'layer', family: 'oci', compression: 'gzip', foreign: true }],
  [mediaTypes.dockerIndex, { kind: 'index', family: 'docker', foreign: false }],
  [mediaTypes.manifest, { kind: 'manifest', family: 'oci', foreign: false }],
  [mediaTypes.dockerConfig, { kind: 'config', family: 'docker', foreign: false }],
  ['application/vnd.docker.distribution.manifest.v1+prettyjws', { kind: 'schema1', family: 'docker', foreign: false }],
  ['text/html', { kind: 'other', family: 'other', foreign: false }],
])('%s is known for what it is', (mediaType, description) => {
  expect(describeMediaType(mediaType)).toEqual(description);
});

test('parameters and capitals do not matter', () => {
  expect(describeMediaType(`${mediaTypes.index.toUpperCase()}; charset=utf-8`).kind).toBe('index');
});
