import { ImageSpecError } from '../error.ts';

/**
 * The records of an extended header, in bytes: `LENGTH KEY=VALUE\n`, where LENGTH counts all of it. Values may hold anything.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_03
 */
export function extendedRecords(body: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const digits = space === -1 ? '' : body.toString('latin1', at, space);
    const end = at + Number(digits);
    const equals = body.indexOf(0x3d, space);
    const whole = /^[1-9]\d{0,8}$/.test(digits) && end <= body.length && body[end - 1] === 0x0a;
    if (!whole || equals === -1 || equals >= end) {
      throw new ImageSpecError('LAYER_INVALID', 'cannot read the layer: an extended header has a record that is none');
    }
    records.set(body.toString('utf8', space + 1, equals), body.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** Values in hexadecimal, by name. */
export function xattrsOf(records: ReadonlyMap<string, Buffer>): Record<string, string> | undefined {
  const found: [string, string][] = [];
  for (const [key, value] of records) {
    if (key.startsWith('SCHILY.xattr.')) found.push([key.slice(13), value.toString('hex')]);
    if (key.startsWith('LIBARCHIVE.xattr.') && !records.has(`SCHILY.xattr.${decoded(key.slice(17))}`)) {
      found.push([decoded(key.slice(17)), Buffer.from(value.toString('latin1'), 'base64').toString('hex')]);
    }
  }
  return found.length === 0 ? undefined : Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** https://github.com/libarchive/libarchive/wiki/ManPageTar5#pax-interchange-format */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
