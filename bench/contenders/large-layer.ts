/** A layer of gigabytes that lies nowhere: made while it is read. */
import { gzipSync } from 'node:zlib';
import { TarWriter } from '@estiba/unionfs';
import { randomFrom } from './pseudo-random.ts';
import { entryOf } from './tar-entry.ts';

const fileSize = 64 * 1024;
const filesEach = 512;

/**
 * Files of 64 KiB, 512 in a directory, so many bytes of them in all; compressed by gzip to two thirds of that. Content that comes again
 * is compressed once: the stream is made of many members, as `cat a.gz b.gz` makes them (RFC 1952, section 2.2).
 */
export function* largeLayer(bytes: number): Generator<Buffer> {
  const contents = Array.from({ length: 16 }, (_, seed) => {
    const data = contentFrom(seed + 1);
    return { data, compressed: gzipSync(data, { level: 1 }) };
  });
  let parts: Buffer[] = [];
  // Small tables: they are cleared for every header.
  const options = { level: 1, memLevel: 1, windowBits: 9 };
  const tar = new TarWriter((part) => parts.push(Buffer.from(part)));
  const written = (): Buffer => {
    const all = Buffer.concat(parts);
    parts = [];
    return gzipSync(all, options);
  };
  for (let number = 0; number * fileSize < bytes; number++) {
    const folder = `directory-${Math.floor(number / filesEach)}/`;
    if (number % filesEach === 0) tar.entry(entryOf('directory', folder));
    const { data, compressed } = contents[number % contents.length] as (typeof contents)[number];
    tar.entry(entryOf('file', `${folder}file-${number}`, fileSize));
    const header = written();
    tar.data(data);
    tar.end();
    // The content is whole blocks: nothing else was written.
    parts = [];
    yield Buffer.concat([header, compressed]);
  }
  tar.finish();
  yield written();
}

/** Half of it cannot be compressed, as pictures and archives cannot; half of it is words. */
function contentFrom(seed: number): Buffer {
  const random = randomFrom(seed);
  const noise = Buffer.from(Uint8Array.from({ length: fileSize / 2 }, () => random() * 256));
  const words = Array.from({ length: 200 }, () => Math.floor(random() * 36 ** 6).toString(36));
  const text = Array.from({ length: fileSize / 2 }, () => words[Math.floor(random() * words.length)]).join(' ');
  return Buffer.concat([noise, Buffer.from(text.slice(0, fileSize / 2))]);
}
