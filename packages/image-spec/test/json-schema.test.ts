import { describe, expect, test } from 'vitest';
import { digestGrammar } from '../src/digest.ts';
import type { DocumentKind } from '../src/document/kinds.ts';
import { jsonSchema } from '../src/json-schema.ts';
import { good } from './document/fixtures.ts';

// What https://github.com/opencontainers/image-spec/tree/main/schema requires, and the fields it knows.
const official: Partial<Record<DocumentKind, { required: string[]; properties: string[] }>> = {
  descriptor: {
    required: ['mediaType', 'size', 'digest'],
    properties: ['mediaType', 'size', 'digest', 'urls', 'data', 'artifactType', 'annotations'],
  },
  layoutHeader: { required: ['imageLayoutVersion'], properties: ['imageLayoutVersion'] },
  index: {
    required: ['schemaVersion', 'manifests'],
    properties: ['schemaVersion', 'mediaType', 'artifactType', 'subject', 'manifests', 'annotations'],
  },
  manifest: {
    required: ['schemaVersion', 'config', 'layers'],
    properties: ['schemaVersion', 'mediaType', 'artifactType', 'config', 'subject', 'layers', 'annotations'],
  },
  config: {
    required: ['architecture', 'os', 'rootfs'],
    properties: 'created author architecture variant os os.version os.features config rootfs history'.split(' '),
  },
};

describe.each(Object.keys(good) as DocumentKind[])('the schema of a %s', (kind) => {
  const schema = jsonSchema(kind);

  test('is one, and lets the unknown pass', () => {
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' });
    expect(schema.additionalProperties).toEqual({});
  });

  test('has the fields that the official one has', () => {
    const { required, properties } = official[kind] ?? { required: [], properties: [] };
    if (official[kind] !== undefined) expect(schema.required?.toSorted()).toEqual(required.toSorted());
    expect(Object.keys(schema.properties ?? {})).toEqual(expect.arrayContaining(properties));
  });
});

test('patterns and bounds are in the schema', () => {
  const { properties } = jsonSchema('descriptor');
  expect(properties).toMatchObject({
    digest: { type: 'string', pattern: digestGrammar.source },
    mediaType: { type: 'string', pattern: expect.stringContaining('{0,126}') },
    size: { type: 'integer', minimum: 0 },
  });
});
