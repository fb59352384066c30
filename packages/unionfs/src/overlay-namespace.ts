/** Which extended attributes overlayfs may be told things by. */
import { readFileSync } from 'node:fs';

/**
 * `trusted` for root of the machine with CAP_SYS_ADMIN, without which the kernel says that there are no such attributes
 * (xattr(7)); `user` for everybody else, who has to mount with the option `userxattr` then.
 * https://docs.kernel.org/filesystems/overlayfs.html#user-xattr
 */
export function overlayNamespace(): 'trusted' | 'user' {
  if (process.geteuid?.() !== 0) return 'user';
  const map = readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/);
  return map.join(' ') === '0 0 4294967295' && administers() ? 'trusted' : 'user';
}

/** capabilities(7) */
function administers(): boolean {
  const CAP_SYS_ADMIN = 21n;
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
}
