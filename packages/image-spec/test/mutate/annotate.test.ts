import { expect, test } from 'vitest';
import { annotate, makeIndex, mediaTypes, openArtifact, openImage, withSubject } from '../../src/index.ts';
import { made } from '../made.ts';
import { collect } from '../scratch.ts';

test('annotations are added, replaced and taken away; config and layers stay', async () => {
  const { image } = await made(['base']);
  const one = annotate(image, { a: '1', b: '2' });
  const two = annotate(one, { a: undefined, b: '3' });
  expect((await one.manifest).annotations).toEqual({ a: '1', b: '2' });
  expect((await two.manifest).annotations).toEqual({ b: '3' });
  expect(await two.id).toBe(await image.id);
  expect((await two.manifest).layers).toEqual((await image.manifest).layers);
});

test('an image of Docker with annotations is one of the OCI, with the same image id', async () => {
  const { image } = await made(['base'], { docker: true });
  const annotated = annotate(image, { a: '1' });
  expect((await annotated.descriptor).mediaType).toBe(mediaTypes.manifest);
  expect((await annotated.manifest).config.mediaType).toBe(mediaTypes.config);
  expect((await annotated.manifest).layers[0]?.mediaType).toBe(mediaTypes.layer);
  expect(await annotated.id).toBe(await image.id);
});

test('an index is annotated, and leads to the same images', async () => {
  const { image } = await made(['base'], { docker: true });
  const index = annotate(makeIndex([image]), { a: '1' });
  expect(await index.document).toMatchObject({ mediaType: mediaTypes.index, annotations: { a: '1' } });
  expect((await collect(index.images())).length).toBe(1);
  expect((await (await index.find({ os: 'linux', architecture: 'amd64' })).config).os).toBe('linux');
});

test('an image is about another one', async () => {
  const { image, descriptor } = await made(['base'], { docker: true });
  const { image: about } = await made(['about']);
  const { digest, size } = descriptor;
  const subject = { mediaType: mediaTypes.dockerManifest, digest, size };
  const first = withSubject(about, image);
  expect((await first.manifest).subject).toEqual(subject);
  const read = await openImage(first.source, await first.descriptor);
  expect(await openArtifact(read.source, await read.descriptor).subject).toEqual(subject);
  const index = withSubject(makeIndex([about]), { ...descriptor, annotations: { left: 'out' } });
  expect((await index.document).subject).toEqual(subject);
});
