/**
 * Extended attributes in extended headers, as three programs write them:
 *
 *     star, Go    SCHILY.xattr.NAME=the bytes of the value
 *     GNU tar     the same, with `=` and `%` of the name as %3D and %25
 *     bsdtar      LIBARCHIVE.xattr.NAME=base64 of the value, and most times SCHILY.xattr.NAME=the bytes, all that is
 *                 special in the name as %XX in both
 *
 * A record of SCHILY is believed over one of LIBARCHIVE about the same attribute. tar(5), libarchive-formats(5)
 */
import { UnionfsError } from '../unionfs-error.ts';
import type { PaxRecords } from './pax-records.ts';

const plain = 'SCHILY.xattr.';
const encoded = 'LIBARCHIVE.xattr.';

/** XATTR_NAME_MAX, XATTR_SIZE_MAX and XATTR_LIST_MAX of xattr(7). */
const longestName = 255;
const longestValue = 65536;
const longestList = 65536;

/** Values are bytes; names too, written in latin1. */
export function readXattrs(records: PaxRecords): Map<string, Buffer> {
  const xattrs = new Map<string, Buffer>();
  for (const [key, value] of records) {
    if (!key.startsWith(encoded)) continue;
    const name = key.slice(encoded.length);
    // Under the same name, then, this is another writing of the same.
    xattrs.set(decode(name, /%([0-9A-Fa-f]{2})/g), records.get(plain + name) ?? fromBase64(name, value));
  }
  for (const [key, value] of records) {
    const name = key.slice(plain.length);
    if (key.startsWith(plain) && !records.has(encoded + name)) xattrs.set(decode(name, /%(3D|25)/g), value);
  }
  verify(xattrs);
  return xattrs;
}

export function isXattr(key: string): boolean {
  return key.startsWith(plain) || key.startsWith(encoded);
}

function decode(name: string, code: RegExp): string {
  return name.replace(code, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function fromBase64(name: string, value: Buffer): Buffer {
  const text = value.toString('latin1');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw malformed(name, 'its value is not base64');
  return Buffer.from(text, 'base64');
}

function verify(xattrs: ReadonlyMap<string, Buffer>): void {
  let list = 0;
  for (const [name, value] of xattrs) {
    if (name === '' || name.includes('\0')) throw malformed(name, 'no attribute is called that');
    if (name.length > longestName) throw malformed(name, `its name has more than ${longestName} bytes`);
    if (value.length > longestValue) throw malformed(name, `its value has more than ${longestValue} bytes`);
    list += name.length + 1;
    if (list > longestList) throw malformed(name, `the names of all attributes have more than ${longestList} bytes`);
  }
}

function malformed(name: string, why: string): UnionfsError {
  const shown = JSON.stringify(name.slice(0, 200));
  return new UnionfsError(
    'LAYER_INVALID',
    `cannot read an extended tar header: extended attribute name ${shown}: ${why}`,
  );
}
