/** Where in an archive the content of an entry begins: images point there. */

import { archive, entryBytes } from '@estiba/testkit/archive';
import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import { holes, oldGnu, sparseFormats } from './sparse-archive.ts';

describe('where content begins', () => {
  const bytes = Buffer.concat([
    ...Object.values(sparseFormats).map((format) => format(holes)),
    entryBytes({ name: 'long', content: 'content', pax: { path: 'p'.repeat(600) } }),
    oldGnu({
      ...holes,
      parts: Array.from({ length: 60 }, (_, at) => [at * 64, 8] as const),
      content: Buffer.alloc(480, 'k'),
    }),
    entryBytes({ name: 'tape', type: 'V', content: 'x'.repeat(600) }),
    entryBytes({ name: 'dump', type: 'D', content: 'names' }),
    archive({ name: 'dir/', type: '5' }, { name: 'empty' }, { name: 'last', content: Buffer.alloc(1500, 'z') }),
  ]);

  it.each([1, 3, 100, 511, 512, 513, 1023, 1024, 1025, 4096, 1 << 20])('is exact in pieces of %s bytes', (pieces) => {
    const entries = collect(bytes, pieces);
    expect(entries).toHaveLength(10);
    for (const { position, stored, content } of entries) {
      expect(bytes.subarray(position, position + stored)).toEqual(content);
      expect(content).toHaveLength(stored);
      expect(position % 512).toBe(0);
    }
  });
});
