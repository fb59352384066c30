/** What extended headers say about an entry, over what its header block says. pax(1), "pax Extended Header Keywords" */
import { UnionfsError } from '../unionfs-error.ts';
import type { PaxRecords } from './pax-records.ts';
import { isXattr, readXattrs } from './pax-xattrs.ts';
import type { TarTime } from './tar-entry.ts';

export interface PaxOverrides {
  readonly path?: Buffer;
  readonly link?: Buffer;
  /** Bytes in the archive, also of a sparse file. */
  readonly size?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: TarTime;
  readonly major?: number;
  readonly minor?: number;
  readonly xattrs: ReadonlyMap<string, Buffer>;
}

export const noOverrides: PaxOverrides = { xattrs: new Map() };

/**
 * The values are bytes whatever `hdrcharset` says. Access and change times, flags, access lists and names of users are
 * passed over.
 */
export function readOverrides(records: PaxRecords): PaxOverrides {
  const found: { -readonly [Key in keyof PaxOverrides]: PaxOverrides[Key] } = { xattrs: readXattrs(records) };
  const present = (key: string) => {
    const value = records.get(key);
    return value === undefined || value.length === 0 ? undefined : value;
  };
  const path = present('GNU.sparse.name') ?? present('path');
  const link = present('linkpath');
  const mtime = present('mtime');
  if (path !== undefined) found.path = withoutNul(path, 'path');
  if (link !== undefined) found.link = withoutNul(link, 'linkpath');
  if (mtime !== undefined) found.mtime = time(mtime);
  for (const [field, key] of numbers) {
    const value = present(key);
    if (value !== undefined) found[field] = decimal(value, key);
  }
  refuseParts(records, found.size);
  return found;
}

const numbers = [
  ['size', 'size'],
  ['uid', 'uid'],
  ['gid', 'gid'],
  ['major', 'SCHILY.devmajor'],
  ['minor', 'SCHILY.devminor'],
] as const;

const others = ['path', 'linkpath', 'mtime', 'SCHILY.realsize', 'GNU.volume.filename', 'GNU.volume.offset'];
const known = new Set<string>([...others, ...numbers.map(([, key]) => key)]);

/** Whether a record for all entries says anything to us. */
export function isMeant(key: string): boolean {
  return known.has(key) || isXattr(key);
}

/** Of files that are not here as a whole we would make what nobody meant. */
function refuseParts(records: PaxRecords, size: number | undefined): void {
  if (records.has('GNU.volume.filename') || records.has('GNU.volume.offset')) {
    throw new UnionfsError('LAYER_INVALID', 'cannot unpack the layer: it is part of a multi-volume archive');
  }
  const whole = records.get('SCHILY.realsize');
  if (whole !== undefined && whole.toString('latin1') !== String(size)) {
    throw new UnionfsError('LAYER_INVALID', 'cannot unpack the layer: it has a sparse file as only star writes it');
  }
}

function withoutNul(value: Buffer, key: string): Buffer {
  if (value.includes(0)) throw malformed(key, value.toString());
  return value;
}

function decimal(value: Buffer, key: string): number {
  const digits = value.toString('latin1');
  const result = Number(digits);
  if (!/^[0-9]+$/.test(digits) || !Number.isSafeInteger(result)) throw malformed(key, digits);
  return result;
}

/** Seconds since 1970 with any number of decimals; -1.25 is 2 seconds before, plus 750 million nanoseconds. */
function time(value: Buffer): TarTime {
  const parts = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value.toString('latin1'));
  if (parts === null) throw malformed('mtime', value.toString('latin1'));
  const [, sign, whole, decimals = ''] = parts;
  const seconds = Number(whole);
  const nanoseconds = Number(decimals.slice(0, 9).padEnd(9, '0'));
  if (sign === '') return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: 0 - seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}

function malformed(key: string, value: string): UnionfsError {
  return new UnionfsError(
    'LAYER_INVALID',
    `cannot read an extended tar header: ${key} is ${JSON.stringify(value.slice(0, 200))}`,
  );
}
