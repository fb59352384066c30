import { expect, test } from 'vitest';
import { checkDocument } from '../../src/check-document.ts';
import { mediaTypes } from '../../src/media-types.ts';
import { manifest } from './fixtures.ts';
import { officialCases } from './official-cases.ts';

test.each(officialCases)('the official validator and we agree about $what', ({ text, mediaType, path }) => {
  const check = checkDocument(text, mediaType);
  expect(check.ok).toBe(path === undefined);
  if (!check.ok) expect(check.errors[0].path).toBe(path);
});

// It refuses them; registries hold artifacts that have none.
test('a manifest without layers is read, with a warning', () => {
  const check = checkDocument(JSON.stringify({ ...manifest, layers: [] }), mediaTypes.manifest);
  expect(check).toMatchObject({ ok: true, warnings: [{ path: 'layers' }] });
});
