/**
 * The map of a sparse file in extended headers, as records (versions 0.0 and 0.1) or before the content (1.0).
 *
 *     0.0    GNU.sparse.size, GNU.sparse.numblocks, and GNU.sparse.offset and GNU.sparse.numbytes again and again
 *     0.1    GNU.sparse.size, GNU.sparse.numblocks, GNU.sparse.map=offset,length,offset,length,…
 *     1.0    GNU.sparse.realsize; before the content: count\n offset\n length\n …, filled up to whole blocks
 *
 * https://www.gnu.org/software/tar/manual/html_node/PAX-keywords.html
 */
import { Extents } from './extents.ts';
import type { PaxRecords } from './pax-records.ts';
import type { SparseMap } from './sparse-map.ts';

/** The records are those of the entry; `stored` is its size as the header counts it. */
export function paxSparseMap(records: PaxRecords, name: Buffer, stored: number): SparseMap | undefined {
  if (![...records.keys()].some((key) => key.startsWith('GNU.sparse.'))) return undefined;
  const extents = new Extents(name);
  const text = (key: string) => records.get(`GNU.sparse.${key}`)?.toString('latin1');
  const version = text('major') === undefined ? undefined : `${text('major')}.${text('minor')}`;
  if (version !== undefined && !['0.0', '0.1', '1.0'].includes(version)) {
    throw extents.invalid(`its version ${JSON.stringify(version.slice(0, 20))} is unknown`);
  }
  const sizes = [text('realsize'), text('size')].filter((each) => each !== undefined);
  if (new Set(sizes).size !== 1) throw extents.invalid(`it has ${sizes.length === 0 ? 'no size' : 'two sizes'}`);
  const size = decimal(sizes[0] as string, extents);
  if (version === '1.0') return new MapBeforeContent(size, extents, stored);
  readList(text('map') ?? '', text('numblocks'), extents);
  return { size, extents, more: false, counted: 0, read: () => {} };
}

class MapBeforeContent implements SparseMap {
  readonly size: number;
  readonly extents: Extents;
  readonly #stored: number;
  more = true;
  counted = 0;
  /** Numbers that are still to come, when their count has been read. */
  #missing: number | undefined;
  #offset: number | undefined;
  #digits = '';

  constructor(size: number, extents: Extents, stored: number) {
    this.size = size;
    this.extents = extents;
    this.#stored = stored;
    this.#expectBlock();
  }

  read(block: Buffer): void {
    this.counted += block.length;
    for (let at = 0; at < block.length && this.more; ) {
      const newline = block.indexOf(0x0a, at);
      const end = newline === -1 ? block.length : newline;
      this.#digits += block.toString('latin1', at, end);
      if (newline !== -1 || this.#digits.length > 16) this.#take();
      at = end + 1;
    }
    if (this.more) this.#expectBlock();
  }

  #take(): void {
    const value = decimal(this.#digits, this.extents);
    this.#digits = '';
    if (this.#missing === undefined) {
      this.extents.expect(value);
      this.#missing = 2 * value;
    } else {
      this.#missing -= 1;
      if (this.#missing % 2 === 1) this.#offset = value;
      else this.extents.add(this.#offset as number, value);
    }
    this.more = this.#missing > 0;
  }

  #expectBlock(): void {
    if (this.counted + 512 > this.#stored) throw this.extents.invalid('it is longer than what the archive has');
  }
}

function readList(list: string, count: string | undefined, extents: Extents): void {
  const numbers = list === '' ? [] : list.split(',');
  if (numbers.length % 2 === 1) throw extents.invalid('an offset lacks its length');
  if (count !== undefined && decimal(count, extents) !== numbers.length / 2) {
    throw extents.invalid(`it has ${numbers.length / 2} parts, not ${count}`);
  }
  for (let at = 0; at < numbers.length; at += 2) {
    extents.add(decimal(numbers[at] as string, extents), decimal(numbers[at + 1] as string, extents));
  }
}

function decimal(digits: string, extents: Extents): number {
  const value = Number(digits);
  if (/^[0-9]{1,16}$/.test(digits) && Number.isSafeInteger(value)) return value;
  throw extents.invalid(`${JSON.stringify(digits.slice(0, 20))} is no number of bytes`);
}
