import { expect, test } from 'vitest';
import { annotationKeys, type KnownAnnotations } from '../src/annotations.ts';
import { artifactTypeOf, emptyContent, emptyDescriptor } from '../src/artifact.ts';
import { Descriptor, describe } from '../src/descriptor.ts';
import { mediaTypes } from '../src/media-types.ts';
import { config } from './document/fixtures.ts';

test('the empty descriptor describes two bytes', () => {
  expect(describe(emptyContent(), mediaTypes.empty)).toEqual({ ...emptyDescriptor, data: undefined });
  expect(Descriptor.parse(emptyDescriptor)).toEqual(emptyDescriptor);
});

test('an artifact is of its own type, or of that of its config', () => {
  expect(artifactTypeOf({ config, artifactType: 'application/vnd.example' })).toBe('application/vnd.example');
  expect(artifactTypeOf({ config })).toBe(mediaTypes.config);
});

test('the keys of annotations are those of the specification', () => {
  const annotations: KnownAnnotations = { [annotationKeys.refName]: 'v1', 'com.example.other': 'x' };
  expect(Object.keys(annotations)[0]).toBe('org.opencontainers.image.ref.name');
  expect(new Set(Object.values(annotationKeys)).size).toBe(14);
});
