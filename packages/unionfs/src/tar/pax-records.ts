/** Extended headers: `length key=value\n`, where the length counts itself and the value is any bytes. tar(5), pax(1) */
import { UnionfsError } from '../unionfs-error.ts';

/** Keys are written in latin1, so that they too may be any bytes. */
export type PaxRecords = Map<string, Buffer>;

/** The last of several records with one key counts. */
export function parsePaxRecords(body: Buffer): PaxRecords {
  const records: PaxRecords = new Map();
  let at = 0;
  while (at < body.length) {
    // Some writers fill the block with NULs and count them.
    if (body[at] === 0) break;
    const blank = body.indexOf(0x20, at);
    const digits = blank === -1 || blank - at > 10 ? '' : body.toString('latin1', at, blank);
    const end = /^[0-9]+$/.test(digits) ? at + Number(digits) : 0;
    const equals = body.indexOf(0x3d, blank);
    if (end > body.length || end <= blank + 2 || body[end - 1] !== 0x0a || equals === -1 || equals >= end) {
      throw new UnionfsError('LAYER_INVALID', `cannot read an extended tar header: record at byte ${at} is malformed`);
    }
    // The body is a buffer of its own, so parts of it can be kept.
    records.set(body.toString('latin1', blank + 1, equals), body.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}
