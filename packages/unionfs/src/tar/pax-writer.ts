/** What a header block has no room for, as records before it. pax(1), "pax Interchange Format" */
import { isUtf8 } from 'node:buffer';
import type { TarEntry, TarTime } from './tar-entry.ts';
import { largestLarge, largestSmall, nameLength, splitName } from './ustar-block.ts';

export type NewEntry = Omit<TarEntry, 'stored' | 'position'>;

/** By key, written in latin1; empty for an entry that its header block says completely. */
export function recordsFor(entry: NewEntry, stored: number): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  const isSparse = entry.extents !== undefined;
  if (isSparse) sparseRecords(records, entry);
  else if (!isAscii(entry.name) || splitName(entry.name) === undefined) records.set('path', entry.name);
  if (!isAscii(entry.link) || entry.link.length > nameLength) records.set('linkpath', entry.link);
  // Otherwise readers may take names for UTF-8, and try to convert them.
  if (!isUtf8(entry.name) || !isUtf8(entry.link)) records.set('hdrcharset', Buffer.from('BINARY'));
  if (stored > largestLarge) records.set('size', Buffer.from(String(stored)));
  if (entry.uid > largestSmall) records.set('uid', Buffer.from(String(entry.uid)));
  if (entry.gid > largestSmall) records.set('gid', Buffer.from(String(entry.gid)));
  if (!fitsTime(entry.mtime)) records.set('mtime', Buffer.from(decimal(entry.mtime)));
  for (const [name, value] of entry.xattrs) records.set(`SCHILY.xattr.${encoded(name)}`, value);
  return records;
}

/** The records in the order of their keys, each preceded by its own length in digits. */
export function paxBody(records: ReadonlyMap<string, Buffer>): Buffer {
  const keys = [...records.keys()].sort();
  return Buffer.concat(keys.map((key) => record(key, records.get(key) as Buffer)));
}

export function isAscii(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte > 0x7e || byte < 0x20) return false;
  return true;
}

export function fitsTime({ seconds, nanoseconds }: TarTime): boolean {
  return nanoseconds === 0 && seconds >= 0 && seconds <= largestLarge;
}

/** https://www.gnu.org/software/tar/manual/html_node/PAX-1.html */
function sparseRecords(records: Map<string, Buffer>, { name, size }: NewEntry): void {
  records.set('GNU.sparse.major', Buffer.from('1'));
  records.set('GNU.sparse.minor', Buffer.from('0'));
  records.set('GNU.sparse.name', name);
  records.set('GNU.sparse.realsize', Buffer.from(String(size)));
}

/** Seconds before 1970 count backwards in their decimals too: -1.25 is two seconds before, and 750 million nanoseconds. */
function decimal({ seconds, nanoseconds }: TarTime): string {
  const isBefore = seconds < 0;
  const whole = isBefore && nanoseconds > 0 ? -seconds - 1 : Math.abs(seconds);
  const rest = isBefore && nanoseconds > 0 ? 1_000_000_000 - nanoseconds : nanoseconds;
  const decimals = String(rest).padStart(9, '0').replace(/0+$/, '');
  return `${isBefore ? '-' : ''}${whole}${decimals === '' ? '' : `.${decimals}`}`;
}

/** As GNU tar writes names of attributes: an equals sign would end the key. */
function encoded(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('=', '%3D');
}

function record(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), value, Buffer.from('\n')]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
