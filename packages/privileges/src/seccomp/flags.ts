import { PrivilegesError } from '../errors.ts';

// include/uapi/linux/seccomp.h
const bits: ReadonlyMap<string, number> = new Map([
  ['SECCOMP_FILTER_FLAG_TSYNC', 1],
  ['SECCOMP_FILTER_FLAG_LOG', 2],
  ['SECCOMP_FILTER_FLAG_SPEC_ALLOW', 4],
  ['SECCOMP_FILTER_FLAG_NEW_LISTENER', 8],
  ['SECCOMP_FILTER_FLAG_TSYNC_ESRCH', 16],
  ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV', 32],
]);

/** @throws PrivilegesError `SECCOMP_INVALID` */
export function flagBits(flags: readonly string[]): number {
  return flags.reduce((sum, name, index) => {
    const bit = bits.get(name);
    if (bit !== undefined) return sum | bit;
    throw new PrivilegesError(
      'SECCOMP_INVALID',
      `cannot compile the seccomp profile: flags[${index}]: no such flag: ${JSON.stringify(name)}; use one of ${[...bits.keys()].join(', ')}`,
      { path: `flags[${index}]` },
    );
  }, 0);
}
