import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { digestOf, ImageSpecError, readArchive } from '../../src/index.ts';
import { collect, openLayout, scratch } from '../scratch.ts';
import {
  archiveOf,
  blobOf,
  changed,
  configOf,
  descriptorOf,
  type Entry,
  modernArchive,
  modernEntries,
  modernImage,
} from './archives.ts';

/** By name: the digest of the manifest. */
async function namesIn(entries: readonly Entry[]): Promise<Record<string, string>> {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await readArchive(Readable.from([archiveOf(...entries)], { objectMode: false }), { into: layout });
  const images = await collect(layout.images());
  return Object.fromEntries(images.map(({ name, descriptor }) => [name, descriptor.digest]));
}

const one = modernImage({ texts: ['1'], tags: ['one:1'] });
const two = modernImage({ texts: ['2'], tags: ['two:2'] });
const nameless = modernImage({ texts: ['3'] });
const index = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests: [one, two].map(({ manifest }) => descriptorOf(manifest, 'application/vnd.oci.image.manifest.v1+json')),
});

/** What stands for an image of several platforms, of which `manifest.json` tells the best. */
function severalPlatforms(tags: readonly string[], told = { ...one, tags }): Entry[] {
  const manifests = tags.map((tag) => ({
    ...descriptorOf(index, 'application/vnd.oci.image.index.v1+json'),
    annotations: { 'io.containerd.image.name': tag },
  }));
  const entries = [...modernArchive([one, two], [told]), blobOf(index)];
  return changed(entries, 'index.json', () => JSON.stringify({ schemaVersion: 2, manifests }));
}

const edit = (key: string, value: unknown) => (text: string) => {
  const [first, ...others] = JSON.parse(text);
  return JSON.stringify([{ ...first, [key]: value }, ...others]);
};
const tell = (key: string, value: unknown) =>
  changed(modernArchive([one, two], [one, two]), 'manifest.json', edit(key, value));

const contradictions: [string, readonly Entry[], RegExp][] = [
  [
    'swaps their names',
    modernArchive(
      [one, two],
      [
        { ...one, tags: two.tags },
        { ...two, tags: one.tags },
      ],
    ),
    /one:1"/,
  ],
  ['has a name more', tell('RepoTags', ['one:1', 'more:1']), /"more:1"/],
  ['has a name less', modernArchive([{ ...one, tags: ['one:1', 'more:1'] }], [one]), /"docker.io\/library\/more:1"/],
  [
    'gives a nameless image the name of another',
    modernArchive([one, nameless], [one, { ...nameless, tags: one.tags }]),
    /"one:1"/,
  ],
  ['names a layer that is not there', tell('Layers', ['nowhere.tar']), /"nowhere.tar"/],
  ['names another layer', tell('Layers', [blobOf('2').name]), /other layers/],
  ['names a layer more', tell('Layers', [blobOf('1').name, blobOf('2').name]), /other layers/],
  ['names no layer', tell('Layers', null), /other layers/],
  ['lacks an image', modernArchive([one, two], [one]), new RegExp(digestOf(two.manifest))],
  ['has an image more', modernArchive([one], [one, two]), /index.json does not know/],
  ['has its layers in another order', changed(modernEntries(), 'manifest.json', reverseLayers), /other layers/],
  ['names an image of no platform', severalPlatforms(['x:1'], { ...nameless, tags: ['x:1'] }), /does not know/],
  [
    'has a key twice',
    changed(modernEntries(), 'manifest.json', (text) => text.replace('{', '{"Config":"x",')),
    /twice/,
  ],
  [
    'has a key twice for those who do not mind capitals',
    changed(modernEntries(), 'manifest.json', (text) => text.replace('{', '{"repotags":["x:1"],')),
    /capitals/,
  ],
];

function reverseLayers(text: string): string {
  const [image] = JSON.parse(text);
  return JSON.stringify([{ ...image, Layers: image.Layers.toReversed() }]);
}

describe('an archive in both forms is refused whose manifest.json', () => {
  test.each(contradictions)('%s', async (_, entries, message) => {
    const error = await namesIn(entries).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ImageSpecError);
    expect((error as Error).message).toMatch(message);
  });
});

const full = (name: string) => `docker.io/library/${name}`;
const digests = { one: digestOf(one.manifest), two: digestOf(two.manifest) };
/** Another manifest of the same config. */
const repacked = modernImage({ texts: ['packed otherwise'], tags: ['one:packed'], config: configOf(['1']) });

const agreements: [string, readonly Entry[], Record<string, string>][] = [
  [
    'of several images with several names',
    modernArchive([{ ...one, tags: ['one:1', 'one:2'] }, two], [two, { ...one, tags: ['one:2', 'one:1'] }]),
    { [full('one:1')]: digests.one, [full('one:2')]: digests.one, [full('two:2')]: digests.two },
  ],
  [
    'of the same image told twice',
    modernArchive([{ ...one, tags: ['one:1', 'one:2'] }], [one, { ...one, tags: ['one:2'] }]),
    { [full('one:1')]: digests.one, [full('one:2')]: digests.one },
  ],
  [
    'of two images with the same config',
    modernArchive([one, repacked], [one, repacked]),
    { [full('one:1')]: digests.one, [full('one:packed')]: digestOf(repacked.manifest) },
  ],
  ['of an image without a name', modernArchive([one, nameless], [one, nameless]), { [full('one:1')]: digests.one }],
  ['of which only manifest.json tells names', modernArchive([{ ...one, tags: [] }], [one]), { 'one:1': digests.one }],
  [
    'of which only index.json tells names',
    modernArchive([one], [{ ...one, tags: [] }]),
    { [full('one:1')]: digests.one },
  ],
  [
    'of several platforms',
    severalPlatforms([full('x:1'), full('x:2')]),
    { [full('x:1')]: digestOf(index), [full('x:2')]: digestOf(index) },
  ],
  ['whose index.json tells tags alone', severalPlatforms(['1'], { ...one, tags: ['x:1'] }), { 1: digestOf(index) }],
  [
    'with names in folders, and a link',
    [
      ...changed(modernArchive([one], [one]), 'manifest.json', edit('Layers', ['a/layer.tar'])),
      { name: 'a/layer.tar', link: `../${blobOf('1').name}` },
    ],
    { [full('one:1')]: digests.one },
  ],
];

describe('an archive in both forms is read', () => {
  test.each(agreements)('%s', async (_, entries, names) => {
    expect(await namesIn(entries)).toEqual(names);
  });
});
