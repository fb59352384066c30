/**
 * gzip by several threads: each portion is compressed by itself, but knows the end of the one before it, and ends on a whole
 * byte, so that they make one stream, and that one member.
 *
 *     header | portion … | empty last block | CRC-32 | length modulo 2^32
 *
 * https://www.rfc-editor.org/rfc/rfc1952, https://www.rfc-editor.org/rfc/rfc1951#section-3.2.3
 */
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';
import { portionSize } from './portions.ts';

const deflate = promisify(deflateRaw);

export async function* gzip(portions: AsyncIterable<Buffer>, level: number): AsyncGenerator<Buffer> {
  yield header(level);
  let [crc, length] = [0, 0];
  let before: Buffer | undefined;
  const running: Promise<Buffer>[] = [];
  try {
    for await (const portion of portions) {
      crc = crc32(portion, crc);
      length = (length + portion.length) % 2 ** 32;
      running.push(compressed(portion, before, level));
      before = portion.subarray(-window);
      if (running.length === atOnce) yield await (running.shift() as Promise<Buffer>);
    }
    for (let next = running.shift(); next !== undefined; next = running.shift()) yield await next;
  } finally {
    // Those that nobody waits for any more may fail as they like.
    await Promise.allSettled(running);
  }
  yield trailer(crc, length);
}

/** As far back as a reference can reach. */
const window = 32 * 1024;
/** One more than Node's pool has threads by default. */
const atOnce = 5;

function compressed(portion: Buffer, dictionary: Buffer | undefined, level: number): Promise<Buffer> {
  return deflate(portion, {
    level,
    chunkSize: portionSize,
    finishFlush: constants.Z_SYNC_FLUSH,
    ...(dictionary !== undefined && level > 0 && { dictionary }),
  });
}

/** No time, no name, and 255 for an unknown operating system. */
function header(level: number): Buffer {
  const effort = level === 9 ? 2 : level === 1 ? 4 : 0;
  return Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, effort, 255]);
}

function trailer(crc: number, length: number): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt16LE(0x0003, 0);
  bytes.writeUInt32LE(crc, 2);
  bytes.writeUInt32LE(length, 6);
  return bytes;
}
