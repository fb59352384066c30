import { RegistryError } from './error.ts';

/** The whole body, unless it is longer than `most` bytes. */
export async function readAll(body: AsyncIterable<Buffer>, most: number, url: URL): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > most)
      throw new RegistryError('UNEXPECTED', `cannot read from ${url.host}: the answer is longer than ${most} bytes`, {
        url,
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
