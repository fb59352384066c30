import { expect, test } from 'vitest';
import { checkDocument } from '../../src/check-document.ts';
import { parseImageConfig, parseManifest } from '../../src/document.ts';
import { mediaTypes } from '../../src/media-types.ts';
import { errorOf } from '../error-of.ts';
import { brokenDocuments } from './broken-documents.ts';

test.each(brokenDocuments)(
  '%s: refused as %s',
  (_, mediaType, content, { code = 'DOCUMENT_INVALID', path, message }) => {
    const check = checkDocument(content, mediaType);
    expect(check.ok ? [] : check.errors[0]).toMatchObject({ code, path, message });
    expect(check.ok ? [] : check.errors[0]).toMatchObject({
      rule: expect.stringMatching(/^(image-spec|RFC \d+|distribution|docker-image-spec)/),
      url: expect.stringMatching(/^https:\/\//),
      offset: expect.any(Number),
    });
  },
);

const read = [mediaTypes.manifest, mediaTypes.index, mediaTypes.config, ''];

test.each(brokenDocuments.filter(([, mediaType]) => read.includes(mediaType as '')))(
  '%s: read as %s, the first problem is thrown',
  (_, mediaType, content, { code = 'DOCUMENT_INVALID', path, message }) => {
    const bytes = Buffer.from(content as string);
    const parse =
      mediaType === mediaTypes.config ? parseImageConfig : (raw: Buffer) => parseManifest(raw, { mediaType });
    const thrown = errorOf(() => parse(bytes));
    expect(thrown).toMatchObject({ code, path });
    expect(thrown.message).toContain(message);
  },
);
