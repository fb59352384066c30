/** Extended headers: `length key=value\n`, where the length counts itself and the value is any bytes. tar(5), pax(1) */
import { UnionfsError } from '../unionfs-error.ts';

/** Keys are written in latin1, so that they too may be any bytes. */
export type PaxRecords = ReadonlyMap<string, Buffer>;

/**
 * The last of several records with one key counts. Only those of GNU.sparse.offset and GNU.sparse.numbytes count all, in
 * their order: they become what the next version of the format has instead, one GNU.sparse.map.
 */
export function parsePaxRecords(body: Buffer): PaxRecords {
  const records = new Map<string, Buffer>();
  const parts: string[] = [];
  let at = 0;
  while (at < body.length) {
    // Some writers fill the block with NULs and count them.
    if (body[at] === 0 && body.subarray(at).every((byte) => byte === 0)) break;
    const blank = body.indexOf(0x20, at);
    const digits = blank === -1 || blank - at > 10 ? '' : body.toString('latin1', at, blank);
    const end = /^[0-9]+$/.test(digits) ? at + Number(digits) : 0;
    const equals = body.indexOf(0x3d, blank);
    if (end > body.length || end <= blank + 2 || body[end - 1] !== 0x0a || equals === -1 || equals >= end) {
      throw malformed(`record at byte ${at} is malformed`);
    }
    const key = body.toString('latin1', blank + 1, equals);
    // The body is a buffer of its own, so parts of it can be kept.
    const value = body.subarray(equals + 1, end - 1);
    if (key !== sparseKeys[0] && key !== sparseKeys[1]) records.set(key, value);
    else if (key === sparseKeys[parts.length % 2]) parts.push(value.toString('latin1'));
    else throw malformed(`${key} at byte ${at} is out of place`);
    at = end;
  }
  if (parts.length > 0) {
    if (records.has('GNU.sparse.map')) throw malformed('it has two maps of a sparse file');
    records.set('GNU.sparse.map', Buffer.from(parts.join(','), 'latin1'));
  }
  return records;
}

const sparseKeys = ['GNU.sparse.offset', 'GNU.sparse.numbytes'] as const;

function malformed(why: string): UnionfsError {
  return new UnionfsError('LAYER_INVALID', `cannot read an extended tar header: ${why}`);
}
