import { type Step, syscall } from '@estiba/syscalls';
import { PrivilegesError } from './errors.ts';

/** A limit of getrlimit(2), without its `RLIMIT_`: bytes, seconds or a count, as told there. */
export type Rlimit = keyof typeof numbers;
export type RlimitValue = number | 'unlimited';

// include/uapi/asm-generic/resource.h; the same on x64 and arm64
const numbers = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
};

/**
 * Limits of this process and of what it starts; a single value is both soft and hard. prlimit(2)
 *
 * Raising a hard limit needs CAP_SYS_RESOURCE in the initial user namespace: before a new user namespace is entered.
 *
 * @throws PrivilegesError `RLIMIT_INVALID`
 */
export function rlimits(
  limits: Readonly<Partial<Record<Rlimit, RlimitValue | { readonly soft: RlimitValue; readonly hard: RlimitValue }>>>,
): Step[] {
  return Object.entries(limits).map(([name, limit]) => {
    const { soft, hard } = typeof limit === 'object' ? limit : { soft: limit, hard: limit };
    const number = numberOf(name);
    if (toWord(name, soft) > toWord(name, hard)) {
      throw new PrivilegesError(
        'RLIMIT_INVALID',
        `cannot set ${name} to ${soft}: the hard limit is ${hard}, which is less`,
      );
    }
    const label = `limit ${name} to ${soft === hard ? soft : `${soft} (hard: ${hard})`}`;
    return { ...syscall('prlimit64', 0, number, encode(toWord(name, soft), toWord(name, hard))), label };
  });
}

function numberOf(name: string): number {
  if (Object.hasOwn(numbers, name)) return numbers[name as Rlimit];
  throw new PrivilegesError(
    'RLIMIT_INVALID',
    `cannot limit ${JSON.stringify(name)}: no such resource; use one of ${Object.keys(numbers).join(', ')}`,
  );
}

function toWord(name: string, value: RlimitValue): bigint {
  if (value === 'unlimited') return 0xffff_ffff_ffff_ffffn;
  if (Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw new PrivilegesError('RLIMIT_INVALID', `cannot set ${name} to ${value}: use a whole number or 'unlimited'`);
}

// struct rlimit64
function encode(soft: bigint, hard: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, soft, true);
  view.setBigUint64(8, hard, true);
  return bytes;
}
