import { Readable } from 'node:stream';
import { scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { writeErofs } from '../../src/erofs/write-erofs.ts';
import { pax10 } from '../tar/sparse-archive.ts';

it('a layer with holes beyond what an image can have says so, and which form can have them', async () => {
  using folder = scratch('erofs');
  const size = 3 * 2 ** 40;
  const layer = pax10({ name: 's', size, parts: [[size - 1, 1]], content: Buffer.from('x') });
  await expect(writeErofs(Readable.from([layer]), folder.join('image'))).rejects.toMatchObject({
    code: 'LAYER_REFUSED',
    message: expect.stringMatching(
      /^cannot make an image of the layer: with the holes of its sparse files it would have 3298\d+ bytes, more than the 2 TiB that an image can have; unpack it with applyLayer, or commit it to a store that was opened with backend: 'directory'$/,
    ),
  });
});
