import { mediaTypes } from '../../src/media-types.ts';
import { config, imageConfig, index, layer, manifest } from './fixtures.ts';

// The cases of the tests of the official validator, in our words: whether it takes them, and what is wrong otherwise.
// https://github.com/opencontainers/image-spec/tree/main/schema

export interface OfficialCase {
  readonly what: string;
  readonly mediaType: string;
  readonly text: string;
  /** The path of the first problem; of a good document there is none. */
  readonly path?: string;
}

const digest = 'sha256:5b0bcabd1ed22e9fb1310cf6c2dec7cdef19f0ad69efa1f392e94a4333501270';
const hex = digest.slice(7);
const long = `${'1234567890'.repeat(12)}1234567`;
const target = { mediaType: mediaTypes.manifest, size: 7682, digest };

/** descriptor_test.go */
const descriptors: [string, object, string?][] = [
  ['a descriptor', target],
  ['of nothing', { ...target, size: 0 }],
  ['without a media type', { size: 7682, digest }, 'mediaType'],
  ['with a type alone', { ...target, mediaType: 'application' }, 'mediaType'],
  ['with a dot before the type', { ...target, mediaType: '.foo/bar' }, 'mediaType'],
  ['with a dot before the subtype', { ...target, mediaType: 'foo/.bar' }, 'mediaType'],
  ['with types of 127 characters', { ...target, mediaType: `${long}/${long}` }],
  ['with a type of 128', { ...target, mediaType: `${long}8/bar` }, 'mediaType'],
  ['with a subtype of 128', { ...target, mediaType: `foo/${long}8` }, 'mediaType'],
  ['without a size', { mediaType: mediaTypes.manifest, digest }, 'size'],
  ['with a size in quotes', { ...target, size: '7682' }, 'size'],
  ['with a negative size', { ...target, size: -7682 }, 'size'],
  ['without a digest', { mediaType: mediaTypes.manifest, size: 7682 }, 'digest'],
  ['with a digest without an algorithm', { ...target, digest: `:${hex}` }, 'digest'],
  ['with an algorithm alone', { ...target, digest: 'sha256' }, 'digest'],
  ['with an algorithm in capitals', { ...target, digest: `SHA256:${hex}` }, 'digest'],
  ['with digits in capitals', { ...target, digest: `sha256:${hex.toUpperCase()}` }, 'digest'],
  ['with a URL', { ...target, urls: ['https://example.com/foo'] }],
  ['with a URL that is none', { ...target, urls: ['value'] }, 'urls[0]'],
  ['with an artifact type', { ...target, artifactType: mediaTypes.manifest }],
  ['with an artifact type that is none', { ...target, artifactType: 'foo/.bar' }, 'artifactType'],
  [
    'with data',
    {
      mediaType: 'text/plain',
      size: 34,
      data: 'aHR0cHM6Ly9naXRodWIuY29tL29wZW5jb250YWluZXJzCg==',
      digest: 'sha256:2690af59371e9eca9453dc29882643f46e5ca47ec2862bd517b5e17351325153',
    },
  ],
  [
    'with data without padding',
    {
      mediaType: 'text/plain',
      size: 34,
      data: 'aHR0cHM6Ly9naXRodWIuY29tL29wZW5jb250YWluZXJzCg',
      digest: 'sha256:2690af59371e9eca9453dc29882643f46e5ca47ec2862bd517b5e17351325153',
    },
    'data',
  ],
  ['in base64', { ...target, digest: `sha256+b64:${hex}` }],
  ['in something else', { ...target, digest: `sha256+foo-bar:${hex}` }],
  ['after a dot', { ...target, digest: `sha256.foo-bar:${hex}` }],
  ['of many algorithms', { ...target, digest: 'multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8' }],
  ['for URLs', { ...target, digest: 'sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564' }],
  ['padded', { ...target, digest: 'sha256+b64u.unknownlength:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564=' }],
  ['with two signs in a row', { ...target, digest: `sha256+foo+-b:${hex}` }, 'digest'],
];

const { mediaType: _, ...untyped } = manifest;
const platformed = { ...target, platform: { architecture: 'ppc64le', os: 'linux' } };

/** manifest_test.go, imageindex_test.go, imagelayout_test.go */
const manifests: [string, object, string, string?][] = [
  ['a manifest', manifest, mediaTypes.manifest],
  ['with annotations', { ...manifest, annotations: { key1: 'value1', key2: 'value2' } }, mediaTypes.manifest],
  ['without a media type', untyped, mediaTypes.manifest],
  ['with a media type that is none', { ...manifest, mediaType: 'invalid' }, mediaTypes.manifest, 'mediaType'],
  [
    'with a config of no type',
    { ...manifest, config: { ...config, mediaType: 'invalid' } },
    mediaTypes.manifest,
    'config.mediaType',
  ],
  ['with a size in quotes', { ...manifest, config: { ...config, size: '1470' } }, mediaTypes.manifest, 'config.size'],
  [
    'with a layer with a size in quotes',
    { ...manifest, layers: [{ ...layer, size: '675598' }] },
    mediaTypes.manifest,
    'layers[0].size',
  ],
  [
    'with letters that are no digits',
    { ...manifest, config: { ...config, digest: `sha256:${'h'.repeat(64)}` } },
    mediaTypes.manifest,
    'config.digest',
  ],
  ['an index', index, mediaTypes.index],
  ['without platforms', { ...index, manifests: [target] }, mediaTypes.index],
  [
    'with an entry of another type',
    { ...index, manifests: [{ ...platformed, mediaType: 'application/customized.manifest+json' }] },
    mediaTypes.index,
  ],
  [
    'with an artifact type',
    {
      ...index,
      artifactType: 'application/vnd.example+type',
      manifests: [{ ...target, artifactType: 'application/vnd.example1+type' }],
    },
    mediaTypes.index,
  ],
  ['with a subject', { ...index, subject: target }, mediaTypes.index],
  ['with a subject that is a text', { ...index, subject: 'nope' }, mediaTypes.index, 'subject'],
  [
    'with an entry of no type',
    { ...index, manifests: [{ ...platformed, mediaType: 'invalid' }] },
    mediaTypes.index,
    'manifests[0].mediaType',
  ],
  [
    'with an entry of an empty type',
    { ...index, manifests: [{ ...platformed, mediaType: '' }] },
    mediaTypes.index,
    'manifests[0].mediaType',
  ],
  [
    'with an entry with a size in quotes',
    { ...index, manifests: [{ ...platformed, size: '7682' }] },
    mediaTypes.index,
    'manifests[0].size',
  ],
  [
    'with an entry without a digest',
    { ...index, manifests: [{ ...platformed, digest: undefined }] },
    mediaTypes.index,
    'manifests[0].digest',
  ],
  [
    'with half a platform',
    { ...index, manifests: [{ ...target, platform: { os: 'linux' } }] },
    mediaTypes.index,
    'manifests[0].platform.architecture',
  ],
  ['a layout', { imageLayoutVersion: '1.0.0' }, mediaTypes.layoutHeader],
];

const small = { architecture: 'amd64', os: 'linux', rootfs: imageConfig.rootfs };

/** config_test.go */
const configs: [string, object, string?][] = [
  ['a config', imageConfig],
  ['with what is required', small],
  ['with a number for a system', { ...small, os: 123 }, 'os'],
  ['with a number for a variant', { ...small, variant: 123 }, 'variant'],
  ['with a number for a user', { ...small, config: { User: 1234 } }, 'config.User'],
  ['with a text for its history', { ...small, history: 'should be an array' }, 'history'],
  ['with a number in its environment', { ...small, config: { Env: [7353] } }, 'config.Env[0]'],
  ['with a list of volumes', { ...small, config: { Volumes: ['/var/job-result-data'] } }, 'config.Volumes'],
  ['with a name without a value', { ...small, config: { Env: ['foo'] } }, 'config.Env[0]'],
];

const inWords = (what: string, mediaType: string, text: string, path?: string): OfficialCase => ({
  what,
  mediaType,
  text,
  ...(path === undefined ? {} : { path }),
});

export const officialCases: readonly OfficialCase[] = [
  ...descriptors.map(([what, document, path]) =>
    inWords(`descriptor: ${what}`, mediaTypes.descriptor, JSON.stringify(document), path),
  ),
  ...manifests.map(([what, document, mediaType, path]) => inWords(what, mediaType, JSON.stringify(document), path)),
  ...configs.map(([what, document, path]) =>
    inWords(`config: ${what}`, mediaTypes.config, JSON.stringify(document), path),
  ),
  inWords('config: no JSON', mediaTypes.config, 'invalid JSON', ''),
  inWords('layout: a version without quotes', mediaTypes.layoutHeader, '{"imageLayoutVersion": 1.0.0}', ''),
];
