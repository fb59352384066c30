import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { type Descriptor, type IndexView, MemoryStore, mediaTypes, openArtifact, openIndex } from '../../src/index.ts';
import { made } from '../made.ts';
import { collect } from '../scratch.ts';

const signature = 'application/vnd.example.signature';

/** Two images, one of them in an index inside; a signature of the first; an attestation as BuildKit makes them. */
async function makeIndex(): Promise<{ index: IndexView; images: Descriptor[]; artifacts: Descriptor[] }> {
  const store = new MemoryStore();
  const amd64 = await made(['amd64'], { store });
  const arm64 = await made(['arm64'], { store, config: { architecture: 'arm64' } });
  const empty = store.addJson({}, mediaTypes.empty);
  const blob = store.add('signed', 'text/plain');
  const artifact = store.addJson(
    { schemaVersion: 2, artifactType: signature, config: empty, layers: [blob], subject: amd64.descriptor },
    mediaTypes.manifest,
  );
  const attestation = await made(['attested'], { store, config: { os: 'unknown', architecture: 'unknown' } });
  const nested = store.addJson(
    { schemaVersion: 2, manifests: [{ ...arm64.descriptor, platform: { os: 'linux', architecture: 'arm64' } }] },
    mediaTypes.index,
  );
  const manifests = [
    amd64.descriptor,
    { ...nested, platform: { os: 'linux', architecture: 'arm64' } },
    artifact,
    {
      ...attestation.descriptor,
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: {
        'vnd.docker.reference.type': 'attestation-manifest',
        'vnd.docker.reference.digest': arm64.descriptor.digest,
      },
    },
  ];
  const index = openIndex(store, store.addJson({ schemaVersion: 2, manifests }, mediaTypes.index));
  const images = [amd64.descriptor, arm64.descriptor];
  return { index, images, artifacts: [artifact, attestation.descriptor] };
}

async function digests(views: AsyncIterable<{ descriptor: Descriptor | Promise<Descriptor> }>): Promise<string[]> {
  return Promise.all((await collect(views)).map(async (view) => (await view.descriptor).digest));
}

test('an index has its images, those of indexes inside too, and its artifacts apart from them', async () => {
  const { index, images, artifacts } = await makeIndex();
  expect(await digests(index.images())).toEqual(images.map(({ digest }) => digest));
  expect(await digests(index.artifacts())).toEqual(artifacts.map(({ digest }) => digest));
  expect((await index.document).manifests).toHaveLength(4);
});

test('the image of a platform is found through an index inside', async () => {
  const { index, images } = await makeIndex();
  const found = await index.find({ os: 'linux', architecture: 'arm64' });
  expect((await found.descriptor).digest).toBe(images[1]?.digest);
});

test('artifacts are found by their type and by what they are about', async () => {
  const { index, images, artifacts } = await makeIndex();
  const [signed, attested] = artifacts.map(({ digest }) => digest);
  expect(await digests(index.artifacts({ artifactType: signature }))).toEqual([signed]);
  expect(await digests(index.artifacts({ subject: images[0]?.digest }))).toEqual([signed]);
  expect(await digests(index.artifacts({ subject: images[1]?.digest }))).toEqual([attested]);
  expect(await digests(index.artifacts({ artifactType: 'application/other' }))).toEqual([]);
});

test('an artifact has its blobs, and a subject', async () => {
  const { index, images, artifacts } = await makeIndex();
  const artifact = openArtifact(index.source, artifacts[0] as Descriptor);
  expect(await artifact.artifactType).toBe(signature);
  expect((await artifact.subject)?.digest).toBe(images[0]?.digest);
  const [blob] = await collect(artifact.blobs());
  expect(blob?.descriptor.mediaType).toBe('text/plain');
  expect(await text(await (blob as NonNullable<typeof blob>).open())).toBe('signed');
});

test('a manifest is no index', async () => {
  const { store, descriptor } = await made(['one']);
  await expect(async () => openIndex(store, descriptor).document).rejects.toMatchObject({
    code: 'MEDIA_TYPE_UNSUPPORTED',
  });
});
