import type { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { errors } from './tables/errors.ts';

/** The name of an error number, as in errno(3): `'ENOENT'`, `'EPERM'`, … */
export type ErrnoCode = keyof typeof constants.errno | (string & {});

const numbers = new Map(Object.entries(errors));
const names = new Map([...numbers].map(([name, number]) => [number, name]));
// Both names of one number: the one that the manual pages use.
names.set(11, 'EAGAIN').set(95, 'EOPNOTSUPP');

/** The number of an error name on Linux; throws a TypeError for a name that does not exist. */
export function errnoOf(code: ErrnoCode): number {
  const number = numbers.get(code);
  if (number === undefined) throw new TypeError(`not the name of an error: ${code}`);
  return number;
}

export function codeOf(errno: number): ErrnoCode {
  return names.get(errno) ?? `E${errno}`;
}

/** `'operation not permitted'`: the words of strerror(3). */
export function describeErrno(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[1] ?? words[codeOf(errno)] ?? `error ${errno}`;
}

/** Of those that Node does not describe, because no file or socket operation of its own gives them. */
const words: Readonly<Record<string, string>> = {
  ENOTBLK: 'block device required',
  EBADE: 'invalid exchange',
  ENODATA: 'no data available',
  EOVERFLOW: 'value too large for defined data type',
  EUSERS: 'too many users',
  ESTALE: 'stale file handle',
  EUCLEAN: 'structure needs cleaning',
  EDQUOT: 'disk quota exceeded',
  ENOKEY: 'required key not available',
  EHWPOISON: 'memory page has hardware error',
};
