/** What programs that are not ours make of what we compress. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { guard, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { compressLayer } from '../../src/compress/compress-layer.ts';

guard();

/** Several portions, of which one cannot be compressed. */
const tar = Buffer.concat([Buffer.alloc(1_500_000, 'text '), randomBytes(1_500_000), Buffer.alloc(100_001, 'more')]);

for (const compression of ['gzip', 'zstd'] as const) {
  requires({ on: ['host', 'uml'], command: compression })(`a layer compressed by ours, read by ${compression}`, () => {
    it('is the same tar', async () => {
      const { blob } = compressLayer(Readable.from([tar]), { compression });
      const read = execFileSync(compression, ['-dc'], { input: await buffer(blob), maxBuffer: 2 * tar.length });
      expect(read.equals(tar)).toBe(true);
    });
  });
}
