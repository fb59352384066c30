/** Which extended attributes overlayfs may be told things by. */
import { readFileSync } from 'node:fs';

/**
 * `trusted` for root of the machine; `user` for everybody else, who has to mount with the option `userxattr` then.
 * https://docs.kernel.org/filesystems/overlayfs.html#user-xattr
 */
export function overlayNamespace(): 'trusted' | 'user' {
  if (process.geteuid?.() !== 0) return 'user';
  const map = readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/);
  return map.join(' ') === '0 0 4294967295' ? 'trusted' : 'user';
}
