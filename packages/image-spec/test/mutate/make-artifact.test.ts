import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { MemoryStore, makeArtifact, makeIndex, mediaTypes, openArtifact, openIndex, save } from '../../src/index.ts';
import { made } from '../made.ts';
import { collect } from '../scratch.ts';

const artifactType = 'application/vnd.example.signature';

test('an artifact has its contents, from here and elsewhere, and is about an image', async () => {
  const { image, descriptor } = await made(['base']);
  const elsewhere = new MemoryStore();
  const artifact = await makeArtifact({
    artifactType,
    blobs: [
      { bytes: 'signed', mediaType: 'text/plain', annotations: { a: '1' } },
      { blob: elsewhere.add('more', 'text/plain'), source: elsewhere },
    ],
    subject: image,
    annotations: { b: '2' },
  });
  const index = makeIndex([image, artifact]);
  const store = new MemoryStore();
  const saved = openIndex(store, await save(index, store));
  const [found] = await collect(saved.artifacts({ subject: descriptor.digest, artifactType }));
  const blobs = await collect((found as NonNullable<typeof found>).blobs());
  expect(await Promise.all(blobs.map(async (blob) => text(await blob.open())))).toEqual(['signed', 'more']);
  expect(blobs[0]?.descriptor.annotations).toEqual({ a: '1' });
  expect(await found?.manifest).toMatchObject({ annotations: { b: '2' }, config: { mediaType: mediaTypes.empty } });
  expect((await saved.document).manifests[1]).toMatchObject({ artifactType });
});

test('one without contents has the empty one, as the specification wants it', async () => {
  const artifact = await makeArtifact({ artifactType });
  const store = new MemoryStore();
  const { layers } = await openArtifact(store, await save(artifact, store)).manifest;
  expect(layers).toEqual([
    { mediaType: mediaTypes.empty, digest: expect.stringMatching(/^sha256:44136fa3/), size: 2, data: 'e30=' },
  ]);
  expect(await store.has(layers[0] as (typeof layers)[0])).toBe(true);
});

test('what is no media type is no artifact type', async () => {
  await expect(makeArtifact({ artifactType: 'signature' })).rejects.toMatchObject({ path: 'artifactType' });
});
