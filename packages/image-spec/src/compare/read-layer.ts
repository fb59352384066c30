import { createHash } from 'node:crypto';
import { ImageSpecError } from '../error.ts';
import type { Layer } from '../view/layer.ts';
import { extendedRecords } from './extended-header.ts';
import { type Announced, storedSize, type TarEntry, tarEntry } from './tar-entry.ts';
import { TarStream } from './tar-stream.ts';

export interface ReadLimits {
  /** Entries of a layer. */
  readonly maxEntries: number;
  /** Of a layer, uncompressed. */
  readonly maxBytes: number;
}

/** As the limits for unpacking layers. */
export const usualLimits: ReadLimits = { maxEntries: 1_000_000, maxBytes: 64 * 2 ** 30 };

/** Long names and extended headers; real ones have a few hundred bytes. */
const longestHeader = 1024 * 1024;
const mostBefore = 8 * longestHeader;
/** Of all that is said of all entries; it is gone through again for many of them. */
const mostInherited = 64 * 1024;
/** Of names, links and attributes, in all: they are kept. */
const mostKept = 512 * 1024 * 1024;

/**
 * Lists what a layer says, with the digests of the contents; nothing of these is kept. Throws LAYER_INVALID for what is no
 * archive, LAYER_TOO_LARGE, and DIGEST_MISMATCH unless all of it was the layer.
 */
export async function readLayer(
  layer: Layer,
  { maxEntries, maxBytes }: ReadLimits,
  signal?: AbortSignal,
): Promise<TarEntry[]> {
  const stream = new TarStream(await layer.uncompressed({ signal }), maxBytes);
  const entries: TarEntry[] = [];
  let kept = 0;
  try {
    for await (const { entry, headerBytes } of readEntries(stream)) {
      entries.push(entry);
      kept += headerBytes;
      if (entries.length > maxEntries) throw tooLarge(`${maxEntries} entries; raise maxEntries if that is meant`);
      if (kept > mostKept) throw tooLarge(`${mostKept} bytes of names and attributes`);
    }
    await stream.finish();
  } catch (error) {
    await stream.close();
    throw error;
  }
  return entries;
}

async function* readEntries(stream: TarStream): AsyncGenerator<{ entry: TarEntry; headerBytes: number }> {
  const { Header } = await import('tar/header');
  const inherited = new Map<string, Buffer>();
  let announced: Announced = { records: inherited, name: undefined, link: undefined };
  let headerBytes = 0;
  let inheritedBytes = 0;
  for (let block = await stream.block(); block !== undefined; block = await stream.block()) {
    if (isZero(block)) {
      const next = await stream.block();
      if (next !== undefined && !isZero(next)) throw invalid('something follows a lone block of zeros');
      return;
    }
    const header = decoded(() => new Header(block));
    if (!header.cksumValid) throw invalid('it is no tar archive, or a header of it is damaged');
    const flag = String.fromCharCode(block[156] as number);
    if ('xgLK'.includes(flag)) {
      const size = header.size ?? 0;
      if (size > longestHeader) throw tooLarge(`${longestHeader} bytes in one extended header`);
      const body = Buffer.from(await stream.content(size));
      headerBytes += size;
      if (flag === 'g') inheritedBytes += size;
      if (inheritedBytes > mostInherited) throw tooLarge(`${mostInherited} bytes about all of its entries`);
      if (headerBytes > mostBefore) throw tooLarge(`${mostBefore} bytes of extended headers before one entry`);
      announced = joined(announced, flag, body, inherited);
      continue;
    }
    const entry = tarEntry(block, header, announced);
    if (flag === 'S') await passSparseMap(stream, block[482] !== 0);
    const stored = storedSize(block, announced);
    if (entry?.facts.type === 'file' && !entry.isHardLink) {
      const hash = createHash('sha256');
      await stream.pass(stored, (piece) => hash.update(piece));
      const facts = { ...entry.facts, digest: `sha256:${hash.digest('hex')}` };
      yield { entry: { ...entry, facts }, headerBytes: headerBytes + 512 };
    } else {
      await stream.pass(stored, () => {});
      if (entry !== undefined) yield { entry, headerBytes: headerBytes + 512 };
    }
    announced = { records: inherited, name: undefined, link: undefined };
    headerBytes = 0;
  }
}

function joined(announced: Announced, flag: string, body: Buffer, inherited: Map<string, Buffer>): Announced {
  if (flag === 'L') return { ...announced, name: withoutEnd(body) };
  if (flag === 'K') return { ...announced, link: withoutEnd(body) };
  const records = extendedRecords(body);
  if (flag === 'x') return { ...announced, records: new Map([...inherited, ...records]) };
  for (const [key, value] of records) inherited.set(key, value);
  return announced;
}

/** GNU's old map of a sparse file goes on in blocks of its own. */
async function passSparseMap(stream: TarStream, more: boolean): Promise<void> {
  for (let follows = more; follows; ) {
    const block = await stream.block();
    if (block === undefined) throw invalid('it ends in the map of a sparse file');
    follows = block[504] !== 0;
  }
}

function withoutEnd(body: Buffer): Buffer {
  const end = body.indexOf(0);
  return end === -1 ? body : body.subarray(0, end);
}

const zeros = Buffer.alloc(512);

function isZero(block: Buffer): boolean {
  return block.equals(zeros);
}

function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw invalid(`a header has a number that is none (${(cause as Error).message})`, cause);
  }
}

function invalid(why: string, cause?: unknown): ImageSpecError {
  return new ImageSpecError('LAYER_INVALID', `cannot read the layer: ${why}`, cause === undefined ? {} : { cause });
}

function tooLarge(limit: string): ImageSpecError {
  return new ImageSpecError('LAYER_TOO_LARGE', `cannot read the layer: it has more than ${limit}`);
}
