/**
 * What stands before an entry and is about it: extended headers, and the long names of GNU tar.
 *
 *     g: records for all entries | x, X: records for the next entry | L: its name | K: the target of its link
 */
import { UnionfsError } from '../unionfs-error.ts';
import { isMeant, noOverrides, type PaxOverrides, readOverrides } from './pax-overrides.ts';
import { type PaxRecords, parsePaxRecords } from './pax-records.ts';

/** Enough for the longest path, and for more attributes than any file is seen with; Linux would allow many times that. xattr(7) */
export const longestExtendedHeader = 1024 * 1024;

export class Announcements {
  readonly #global = new Map<string, Buffer>();
  /** What holds for an entry without records of its own. */
  #globally = noOverrides;
  #globalBytes = 0;
  #own: PaxRecords | undefined;
  longName: Buffer | undefined;
  longLink: Buffer | undefined;

  /** Whether the type flag is of one of these. X is how Sun wrote x. tar(5) */
  static has(flag: string): boolean {
    return flag === 'x' || flag === 'g' || flag === 'X' || flag === 'L' || flag === 'K';
  }

  /** Whether an entry has to follow. */
  get pending(): boolean {
    return this.#own !== undefined || this.longName !== undefined || this.longLink !== undefined;
  }

  /** Takes the body over. */
  add(flag: string, body: Buffer): void {
    if (flag === 'L') this.longName = untilNul(body);
    else if (flag === 'K') this.longLink = untilNul(body);
    else if (flag === 'g') this.#addGlobal(body);
    else this.#own = parsePaxRecords(body);
  }

  /** Records of the entry; sparse files are described by these alone. */
  get own(): PaxRecords {
    return this.#own ?? none;
  }

  /** Records of the entry over records for all entries; an empty value takes a record for all entries back. */
  overrides(): PaxOverrides {
    if (this.#own === undefined) return this.#globally;
    return readOverrides(this.#global.size === 0 ? this.#own : new Map([...this.#global, ...this.#own]));
  }

  /** The entry is here. */
  forget(): void {
    this.#own = undefined;
    this.longName = undefined;
    this.longLink = undefined;
  }

  /** Kept to the end, and so the only thing that could grow with the archive; and gone through again for many an entry. */
  #addGlobal(body: Buffer): void {
    this.#globalBytes += body.length;
    if (this.#globalBytes > mostGlobal) {
      throw invalid(`extended headers for all entries have more than ${mostGlobal} bytes`);
    }
    for (const [key, value] of parsePaxRecords(body)) {
      if (key.startsWith('GNU.sparse.')) throw invalid('an extended header for all entries speaks of one sparse file');
      if (isMeant(key)) this.#global.set(key, value);
    }
    if (this.#global.size > mostRecords) {
      throw invalid(`extended headers for all entries have more than ${mostRecords} records that say something`);
    }
    this.#globally = readOverrides(this.#global);
  }
}

/** Real ones hold a comment. */
const mostGlobal = 64 * 1024;
const mostRecords = 100;
const none: PaxRecords = new Map();

function untilNul(body: Buffer): Buffer {
  const end = body.indexOf(0);
  return end === -1 ? body : body.subarray(0, end);
}

function invalid(why: string): UnionfsError {
  return new UnionfsError('LAYER_INVALID', `cannot unpack the layer: ${why}`);
}
