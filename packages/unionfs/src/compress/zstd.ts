/** One frame with a checksum. https://www.rfc-editor.org/rfc/rfc8878 */
import { Readable } from 'node:stream';
import { constants, createZstdCompress } from 'node:zlib';

export async function* zstd(portions: AsyncIterable<Buffer>, level: number): AsyncGenerator<Buffer> {
  const encoder = createZstdCompress({
    chunkSize: 256 * 1024,
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  });
  const source = Readable.from(portions, { highWaterMark: 1 });
  source.once('error', (error) => encoder.destroy(error));
  try {
    for await (const piece of source.pipe(encoder)) yield piece as Buffer;
  } finally {
    source.destroy();
    encoder.destroy();
  }
}
