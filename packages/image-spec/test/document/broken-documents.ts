import { emptyDescriptor } from '../../src/artifact.ts';
import { digestOf } from '../../src/digest.ts';
import type { ImageSpecErrorCode } from '../../src/error.ts';
import { mediaTypes } from '../../src/media-types.ts';
import { config, dockerConfig, dockerIndex, dockerManifest, imageConfig, index, layer, manifest } from './fixtures.ts';

/** What it is, what it is read as, its content, and the first problem it has to give. */
export type BrokenDocument = readonly [
  what: string,
  mediaType: string,
  content: string | Uint8Array,
  problem: { readonly code?: ImageSpecErrorCode; readonly path: string; readonly message: string },
];

const as = (document: unknown) => JSON.stringify(document);
const { manifest: image, index: list, descriptor } = mediaTypes;
const changed = (from: string | RegExp, to: string) => as(manifest).replace(from, to);
const entry = index.manifests[0];

export const brokenDocuments: readonly BrokenDocument[] = [
  // Not JSON
  [
    'an error page',
    image,
    '<!DOCTYPE html><title>502</title>',
    { path: '', message: 'it is not JSON: expected a value, found "<"' },
  ],
  ['nothing', image, '', { path: '', message: 'it is not JSON: it is empty' }],
  ['white space', image, ' \n', { path: '', message: 'it is not JSON: it is empty' }],
  [
    'two documents',
    image,
    `${as(manifest)}\n{}`,
    { path: '', message: 'it is not JSON: "{" follows the end of the document' },
  ],
  [
    'half a document',
    image,
    as(manifest).slice(0, 60),
    { path: 'mediaType', message: 'it is not JSON: it ends within a text in quotes' },
  ],
  [
    'a byte order mark',
    image,
    `\ufeff${as(manifest)}`,
    { path: '', message: 'it is not JSON: it begins with a byte order mark' },
  ],
  [
    'a comment',
    image,
    changed('{', '{/* mine */'),
    { path: '', message: 'it is not JSON: expected a key in quotes, found "/"' },
  ],
  [
    'a comma too many',
    image,
    changed(/\}$/, ',}'),
    { path: '', message: 'it is not JSON: expected a key in quotes, found "}"' },
  ],
  [
    'compressed bytes',
    image,
    Buffer.from([0x1f, 0x8b, 0x08, 0x00]),
    { path: '', message: 'it is not JSON in UTF-8: byte 1 belongs to no character' },
  ],
  [
    'UTF-16',
    image,
    Buffer.from(as(manifest), 'utf16le'),
    { path: '', message: 'it is not JSON: expected a key in quotes, found "\\u0000"' },
  ],
  [
    'an overlong quote',
    image,
    Buffer.from([0x7b, 0xc0, 0xa2, 0x7d]),
    { path: '', message: 'it is not JSON in UTF-8: byte 1 belongs to no character' },
  ],
  ['a text', image, '"manifest"', { path: '', message: 'it is not a JSON object' }],
  ['a list', list, '[{}]', { path: '', message: 'it is not a JSON object' }],
  ['a nesting bomb', image, `{"x":${'['.repeat(100_000)}`, { path: '', message: 'it nests more than 64 deep' }],

  // JSON that is read in different ways by different programs
  [
    'layers twice',
    image,
    changed('"layers"', '"layers":[],"layers"'),
    { path: 'layers', message: 'the key "layers" is there twice' },
  ],
  [
    'a digest twice',
    image,
    changed('"digest"', `"dig\\u0065st":"${digestOf('evil')}","digest"`),
    { path: 'config.digest', message: 'the key "digest" is there twice' },
  ],
  [
    'layers and Layers',
    image,
    changed('"layers"', '"Layers":[],"layers"'),
    { path: 'layers', message: 'the keys "Layers" and "layers" differ in capitals alone' },
  ],
  [
    'a size with an exponent',
    image,
    changed('"size":6', '"size":6e0'),
    { path: 'config.size', message: '6e0 is to be written as a whole number' },
  ],
  [
    'a version with a dot',
    image,
    changed(':2,', ':2.0,'),
    { path: 'schemaVersion', message: '2.0 is to be written as a whole number' },
  ],
  [
    'a size of 2^53',
    image,
    changed('"size":6', '"size":9007199254740992'),
    { path: 'config.size', message: '9007199254740992 is beyond 2^53 - 1, from where on digits are lost' },
  ],
  [
    'a size of 2^63',
    image,
    changed('"size":6', '"size":9223372036854775808'),
    { path: 'config.size', message: '9223372036854775808 is beyond the 64 bits of any number in a document' },
  ],
  [
    'a size beyond numbers',
    image,
    changed('"size":6', '"size":1e999'),
    { path: 'config.size', message: '1e999 is to be written as a whole number' },
  ],

  // More than one thing (CVE-2021-41190)
  [
    'an index with layers',
    '',
    as({ ...index, layers: [] }),
    {
      code: 'MEDIA_TYPE_CONFLICT',
      path: 'manifests',
      message: 'it has manifests like an index and layers like an image',
    },
  ],
  [
    'an index with a config',
    list,
    as({ ...index, config }),
    {
      code: 'MEDIA_TYPE_CONFLICT',
      path: 'manifests',
      message: 'it has manifests like an index and config like an image',
    },
  ],
  [
    'a manifest with Manifests, which Go takes for those of an index',
    image,
    changed('"layers"', '"Manifests":[],"layers"'),
    {
      code: 'MEDIA_TYPE_CONFLICT',
      path: 'Manifests',
      message: '"Manifests" is manifests to those who do not mind capitals; write manifests',
    },
  ],
  [
    'a subject with a long s',
    image,
    changed('"layers"', '"ſubject":{},"layers"'),
    {
      code: 'MEDIA_TYPE_CONFLICT',
      path: '["ſubject"]',
      message: '"ſubject" is subject to those who do not mind capitals; write subject',
    },
  ],
  [
    'a digest, and one with a capital',
    image,
    changed('"digest"', `"Digest":"${digestOf('evil')}","digest"`),
    { path: 'config.digest', message: 'the keys "Digest" and "digest" differ in capitals alone' },
  ],
  [
    'a manifest that was an index',
    list,
    as(manifest),
    { code: 'MEDIA_TYPE_CONFLICT', path: 'mediaType', message: `it calls itself ${image} and was sent as ${list}` },
  ],
  [
    'a manifest that says index',
    '',
    as({ ...manifest, mediaType: list }),
    {
      code: 'MEDIA_TYPE_CONFLICT',
      path: 'mediaType',
      message: `its media type is ${list} and its content is that of an image manifest`,
    },
  ],
  [
    'layers of two schemas',
    image,
    as({ ...manifest, fsLayers: [{ blobSum: digestOf('x') }] }),
    {
      code: 'MEDIA_TYPE_CONFLICT',
      path: 'fsLayers',
      message: 'it has fsLayers like an image of schema 1 and layers like one of schema 2',
    },
  ],
  [
    'schema 1',
    '',
    as({ schemaVersion: 1, name: 'x', fsLayers: [] }),
    {
      code: 'SCHEMA1_UNSUPPORTED',
      path: 'schemaVersion',
      message: 'image manifests of schema 1 are obsolete; push the image again with a current tool',
    },
  ],
  [
    'something else',
    'application/vnd.example+json',
    '{}',
    {
      code: 'MEDIA_TYPE_UNSUPPORTED',
      path: 'mediaType',
      message: 'it is application/vnd.example+json, not an image manifest or index, nor any other document of images',
    },
  ],

  // Descriptors
  ['a negative size', descriptor, as({ ...layer, size: -1 }), { path: 'size', message: 'a size cannot be negative' }],
  [
    'half a byte',
    descriptor,
    as({ ...layer, size: 0.5 }),
    { path: 'size', message: '0.5 is to be written as a whole number' },
  ],
  [
    'a path for a digest',
    descriptor,
    as({ ...layer, digest: 'sha256:../../../etc/passwd' }),
    { path: 'digest', message: 'a digest looks like sha256:<64 lower-case hexadecimal digits>' },
  ],
  [
    'a digest in capitals',
    descriptor,
    as({ ...layer, digest: layer.digest.toUpperCase() }),
    { path: 'digest', message: 'a digest looks like sha256:<64 lower-case hexadecimal digits>' },
  ],
  [
    'a digest cut short',
    descriptor,
    as({ ...layer, digest: layer.digest.slice(0, -1) }),
    { path: 'digest', message: 'sha256 has 64 lower-case hexadecimal digits' },
  ],
  [
    'sha512 with the digits of sha256',
    descriptor,
    as({ ...layer, digest: layer.digest.replace('256', '512') }),
    { path: 'digest', message: 'sha512 has 128 lower-case hexadecimal digits' },
  ],
  [
    'blake3 cut short',
    descriptor,
    as({ ...layer, digest: `blake3:${'0'.repeat(63)}` }),
    { path: 'digest', message: 'blake3 has 64 lower-case hexadecimal digits' },
  ],
  [
    'a digest of a megabyte',
    descriptor,
    as({ ...layer, digest: `sha256:${'a'.repeat(1_000_000)}` }),
    { path: 'digest', message: 'a digest looks like sha256:<64 lower-case hexadecimal digits>' },
  ],
  [
    'a media type with a line end',
    descriptor,
    as({ ...layer, mediaType: 'text/plain\r\nX: y' }),
    { path: 'mediaType', message: 'a media type looks like type/subtype (RFC 6838)' },
  ],
  [
    'data of something else',
    descriptor,
    as({ ...emptyDescriptor, data: 'e1s=' }),
    { path: 'data', message: 'data does not have the digest of the descriptor' },
  ],
  [
    'data of another length',
    descriptor,
    as({ ...emptyDescriptor, data: 'e30K' }),
    { path: 'data', message: 'data is 3 bytes long, the descriptor says 2' },
  ],
  [
    'data without padding',
    descriptor,
    as({ ...emptyDescriptor, data: 'e30' }),
    { path: 'data', message: 'data must be padded base64 (RFC 4648 section 4)' },
  ],
  [
    'data for URLs',
    descriptor,
    as({ ...emptyDescriptor, data: '-_8=' }),
    { path: 'data', message: 'data must be padded base64 (RFC 4648 section 4)' },
  ],
  [
    'a relative URL',
    descriptor,
    as({ ...layer, urls: ['/layers/1'] }),
    { path: 'urls[0]', message: 'a URL begins with its scheme, as in https:// (RFC 3986)' },
  ],
  [
    'an annotation that is a list',
    descriptor,
    as({ ...layer, annotations: { a: [] } }),
    { path: 'annotations.a', message: 'expected string, received array' },
  ],
  [
    'an annotation without a key',
    descriptor,
    as({ ...layer, annotations: { '': 'a' } }),
    { path: 'annotations[""]', message: 'a key must not be empty' },
  ],

  // Manifests and indexes
  ['another version', image, as({ ...manifest, schemaVersion: 3 }), { path: 'schemaVersion', message: 'expected 2' }],
  [
    'a version in quotes',
    image,
    as({ ...manifest, schemaVersion: '2' }),
    { path: 'schemaVersion', message: 'expected 2' },
  ],
  [
    'no config',
    image,
    as({ ...manifest, config: undefined }),
    { path: 'config', message: 'is missing: expected object' },
  ],
  ['no layers', image, as({ ...manifest, layers: null }), { path: 'layers', message: 'expected array, received null' }],
  [
    'an empty layer',
    image,
    as({ ...manifest, layers: [layer, {}] }),
    { path: 'layers[1].mediaType', message: 'is missing: expected string' },
  ],
  [
    'an artifact of no type',
    image,
    as({ ...manifest, config: emptyDescriptor }),
    { path: 'artifactType', message: 'it has to be set where the config is empty' },
  ],
  [
    'a subject that is a digest',
    image,
    as({ ...manifest, subject: layer.digest }),
    { path: 'subject', message: 'expected object, received string' },
  ],
  [
    'null for manifests',
    list,
    as({ ...index, manifests: null }),
    { path: 'manifests', message: 'expected array, received null' },
  ],
  [
    'a platform without a system',
    list,
    as({ ...index, manifests: [{ ...entry, platform: { architecture: 'amd64' } }] }),
    { path: 'manifests[0].platform.os', message: 'is missing: expected string' },
  ],
  [
    'features in one text',
    list,
    as({ ...index, manifests: [{ ...entry, platform: { ...entry?.platform, 'os.features': 'win32k' } }] }),
    { path: 'manifests[0].platform["os.features"]', message: 'expected array, received string' },
  ],
  [
    'a list of Docker without a media type',
    mediaTypes.dockerIndex,
    as({ ...dockerIndex, mediaType: undefined }),
    { path: 'mediaType', message: `expected "${mediaTypes.dockerIndex}"` },
  ],
  [
    'a manifest of Docker without a config',
    mediaTypes.dockerManifest,
    as({ ...dockerManifest, config: undefined }),
    { path: 'config', message: 'is missing: expected object' },
  ],

  // Configs and layouts
  [
    'a config without a root file system',
    mediaTypes.config,
    as({ ...imageConfig, rootfs: undefined }),
    { path: 'rootfs', message: 'is missing: expected object' },
  ],
  [
    'a root file system of another type',
    mediaTypes.config,
    as({ ...imageConfig, rootfs: { ...imageConfig.rootfs, type: 'base' } }),
    { path: 'rootfs.type', message: 'expected "layers"' },
  ],
  [
    'a diff id without its algorithm',
    mediaTypes.config,
    as({ ...imageConfig, rootfs: { type: 'layers', diff_ids: ['a'.repeat(64)] } }),
    { path: 'rootfs.diff_ids[0]', message: 'a digest looks like sha256:<64 lower-case hexadecimal digits>' },
  ],
  [
    'a nameless variable',
    mediaTypes.config,
    as({ ...imageConfig, config: { Env: ['=x'] } }),
    { path: 'config.Env[0]', message: 'an entry looks like NAME=value' },
  ],
  [
    'a day that there is not',
    mediaTypes.config,
    as({ ...imageConfig, created: '2023-02-29T00:00:00Z' }),
    { path: 'created', message: 'a time looks like 2024-02-29T12:00:00.123456789Z (RFC 3339)' },
  ],
  [
    'a time without a zone',
    mediaTypes.config,
    as({ ...imageConfig, created: '2024-02-29T00:00:00' }),
    { path: 'created', message: 'a time looks like 2024-02-29T12:00:00.123456789Z (RFC 3339)' },
  ],
  [
    'a number for a time',
    mediaTypes.config,
    as({ ...imageConfig, history: [{ created: 0 }] }),
    { path: 'history[0].created', message: 'expected string, received number' },
  ],
  [
    'a command in one text',
    mediaTypes.config,
    as({ ...imageConfig, config: { Cmd: 'sh' } }),
    { path: 'config.Cmd', message: 'expected array, received string' },
  ],
  [
    'ports in a list',
    mediaTypes.config,
    as({ ...imageConfig, config: { ExposedPorts: ['80/tcp'] } }),
    { path: 'config.ExposedPorts', message: 'expected record, received array' },
  ],
  [
    'a health check of Docker in one text',
    mediaTypes.dockerConfig,
    as({ ...dockerConfig, config: { Healthcheck: { Test: 'true' } } }),
    { path: 'config.Healthcheck.Test', message: 'expected array, received string' },
  ],
  [
    'a layout of another version',
    mediaTypes.layoutHeader,
    '{"imageLayoutVersion":"2.0.0"}',
    { path: 'imageLayoutVersion', message: 'expected "1.0.0"' },
  ],
];
