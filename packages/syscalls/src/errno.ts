import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

/** The name of an error number, as in errno(3): `'ENOENT'`, `'EPERM'`, … */
export type ErrnoCode = keyof typeof constants.errno | (string & {});

/** The ones that Node does not name, because no file or socket operation of its own gives them. errno(3) */
const linuxOnly: Readonly<Record<string, readonly [number: number, words: string]>> = {
  ENOTBLK: [15, 'block device required'],
  ENOSTR: [60, 'device not a stream'],
  EBADE: [52, 'invalid exchange'],
  ENODATA: [61, 'no data available'],
  ETIME: [62, 'timer expired'],
  EOVERFLOW: [75, 'value too large for defined data type'],
  EREMCHG: [78, 'remote address changed'],
  EUSERS: [87, 'too many users'],
  ESTALE: [116, 'stale file handle'],
  EUCLEAN: [117, 'structure needs cleaning'],
  ENOTNAM: [118, 'not a XENIX named type file'],
  EDQUOT: [122, 'disk quota exceeded'],
  ECANCELED: [125, 'operation canceled'],
  ENOKEY: [126, 'required key not available'],
  EKEYEXPIRED: [127, 'key has expired'],
  ENOTRECOVERABLE: [131, 'state not recoverable'],
  EHWPOISON: [133, 'memory page has hardware error'],
};

const numbers = new Map<string, number>([
  ...Object.entries(linuxOnly).map(([name, [number]]) => [name, number] as const),
  ...(process.platform === 'linux' ? Object.entries(constants.errno) : []),
]);
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
  return getSystemErrorMap().get(-errno)?.[1] ?? linuxOnly[codeOf(errno)]?.[1] ?? `error ${errno}`;
}
