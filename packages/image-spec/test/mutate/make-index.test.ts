import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import {
  appendLayers,
  digestOf,
  MemoryStore,
  makeIndex,
  mediaTypes,
  openArtifact,
  openImage,
  openIndex,
  save,
  setConfig,
} from '../../src/index.ts';
import { made } from '../made.ts';
import { collect } from '../scratch.ts';

const arm = { architecture: 'arm', variant: 'v7', 'os.version': '1', 'os.features': ['x'] };

test('each entry has the platform of its image, or the one that is told', async () => {
  const { image: amd64 } = await made(['amd64']);
  const { image: arm7 } = await made(['arm'], { config: arm });
  const told = { os: 'linux', architecture: 's390x' };
  const index = makeIndex([amd64, arm7, { image: amd64, platform: told, annotations: { a: '1' } }], { b: '2' });
  const { manifests, annotations, mediaType } = await index.document;
  expect(manifests.map(({ platform }) => platform)).toEqual([
    { architecture: 'amd64', os: 'linux' },
    { ...arm, os: 'linux' },
    told,
  ]);
  expect(manifests[2]?.annotations).toEqual({ a: '1' });
  expect([annotations, mediaType]).toEqual([{ b: '2' }, mediaTypes.index]);
  const found = await index.find({ os: 'linux', ...arm });
  expect((await found.config).variant).toBe('v7');
});

test('images of Docker alone are a list of Docker; with others all are of the OCI', async () => {
  const { image: docker } = await made(['docker'], { docker: true });
  const { image: oci } = await made(['oci'], { config: { architecture: 'arm64' } });
  expect((await makeIndex([docker]).document).mediaType).toBe(mediaTypes.dockerIndex);
  expect((await makeIndex([docker], { a: '1' }).document).mediaType).toBe(mediaTypes.index);
  const index = makeIndex([docker, oci]);
  const { mediaType, manifests } = await index.document;
  expect([mediaType, ...manifests.map((entry) => entry.mediaType)]).toEqual([
    mediaTypes.index,
    mediaTypes.manifest,
    mediaTypes.manifest,
  ]);
  const [first] = await collect(index.images());
  expect((await first?.manifest)?.layers[0]?.mediaType).toBe(mediaTypes.layer);
});

test('an index is saved with everything that it leads to, of whatever source, drafts and streams too', async () => {
  const { image: amd64 } = await made(['amd64']);
  const { image: base } = await made(['arm64'], { config: { architecture: 'arm64' } });
  const arm64 = appendLayers(setConfig(base, { author: 'me' }), [{ stream: Readable.from([Buffer.from('streamed')]) }]);
  const elsewhere = new MemoryStore();
  const config = elsewhere.addJson({}, mediaTypes.empty);
  const artifact = elsewhere.addJson(
    { schemaVersion: 2, artifactType: 'application/vnd.example', config, layers: [elsewhere.add('blob')] },
    mediaTypes.manifest,
  );
  const { image: nested } = await made(['nested'], { config: { architecture: 'riscv64' } });
  const index = makeIndex([amd64, arm64, openArtifact(elsewhere, artifact), makeIndex([nested])]);
  const store = new MemoryStore();
  const saved = openIndex(store, await save(index, store));
  const images = await collect(saved.images());
  expect(await Promise.all(images.map(async (image) => (await image.config).architecture))).toEqual([
    'amd64',
    'arm64',
    'riscv64',
  ]);
  for (const image of images)
    for await (const layer of image.layers()) expect(await store.has(layer.descriptor)).toBe(true);
  expect(await store.has(digestOf('streamed'))).toBe(true);
  expect(await collect(saved.artifacts())).toHaveLength(1);
  expect(await store.has(digestOf('blob'))).toBe(true);
  expect((await saved.document).manifests[2]?.artifactType).toBe('application/vnd.example');
});

test('an index of nothing is one of the OCI', async () => {
  const store = new MemoryStore();
  const descriptor = await save(makeIndex([]), store);
  expect(await openIndex(store, descriptor).document).toEqual({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [],
  });
  await expect(openImage(store, descriptor)).rejects.toMatchObject({ code: 'PLATFORM_MISSING' });
});
