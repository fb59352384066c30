/** Which extended attributes overlayfs may be told things by. */
import { readFileSync, statSync } from 'node:fs';

/**
 * `trusted` for root of the machine with CAP_SYS_ADMIN, without which the kernel says that there are no such attributes
 * (xattr(7)); `user` for everybody else, who has to mount with the option `userxattr` then.
 * https://docs.kernel.org/filesystems/overlayfs.html#user-xattr
 */
export function overlayNamespace(): 'trusted' | 'user' {
  if (process.geteuid?.() !== 0) return 'user';
  return isOfMachine() && administers() ? 'trusted' : 'user';
}

/**
 * Not the id map: one of a user namespace may be the same. The number of the first user namespace is part of the kernel's
 * interface. https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/nsfs.h, USER_NS_INIT_INO
 */
function isOfMachine(): boolean {
  const USER_NS_INIT_INO = 0xeffffffd;
  return statSync('/proc/self/ns/user').ino === USER_NS_INIT_INO;
}

/** capabilities(7) */
function administers(): boolean {
  const CAP_SYS_ADMIN = 21n;
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
}
