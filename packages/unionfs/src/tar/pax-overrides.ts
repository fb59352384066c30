/** What extended headers say about an entry, over what its header block says. pax(1), "pax Extended Header Keywords" */
import { UnionfsError } from '../unionfs-error.ts';
import type { PaxRecords } from './pax-records.ts';
import { shown, type TarTime } from './tar-entry.ts';

export interface PaxOverrides {
  readonly path?: Buffer;
  readonly link?: Buffer;
  readonly size?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: TarTime;
  readonly xattrs: ReadonlyMap<string, Buffer>;
}

export const noOverrides: PaxOverrides = { xattrs: new Map() };

/** Records of the entry over records for all entries; an empty value takes a record for all entries back. */
export function readOverrides(global: PaxRecords, own: PaxRecords): PaxOverrides {
  const records = new Map([...global, ...own]);
  const found: { -readonly [Key in keyof PaxOverrides]: PaxOverrides[Key] } = { xattrs: readXattrs(records) };
  const present = (key: string) => {
    const value = records.get(key);
    return value === undefined || value.length === 0 ? undefined : value;
  };
  for (const key of records.keys()) {
    if (key.startsWith('GNU.sparse.')) {
      throw new UnionfsError(
        'LAYER_INVALID',
        `cannot unpack ${shown(own.get('GNU.sparse.name') ?? own.get('path') ?? Buffer.from('an entry'))}: sparse files are not supported; write the archive without --sparse`,
      );
    }
  }
  const path = present('path');
  const link = present('linkpath');
  const size = present('size');
  const uid = present('uid');
  const gid = present('gid');
  const mtime = present('mtime');
  if (path !== undefined) found.path = withoutNul(path, 'path');
  if (link !== undefined) found.link = withoutNul(link, 'linkpath');
  if (size !== undefined) found.size = decimal(size, 'size');
  if (uid !== undefined) found.uid = decimal(uid, 'uid');
  if (gid !== undefined) found.gid = decimal(gid, 'gid');
  if (mtime !== undefined) found.mtime = time(mtime);
  return found;
}

/** star's and GNU tar's records hold the bytes as they are; those of libarchive are URL- and base64-encoded. */
function readXattrs(records: PaxRecords): Map<string, Buffer> {
  const xattrs = new Map<string, Buffer>();
  for (const [key, value] of records) {
    if (key.startsWith('LIBARCHIVE.xattr.')) {
      const name = key
        .slice(17)
        .replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
      xattrs.set(name, Buffer.from(value.toString('latin1'), 'base64'));
    }
  }
  for (const [key, value] of records) {
    if (key.startsWith('SCHILY.xattr.')) xattrs.set(key.slice(13), value);
  }
  for (const name of xattrs.keys()) {
    if (name === '' || name.includes('\0')) throw malformed('extended attribute name', name);
  }
  return xattrs;
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
