import { readFileSync } from 'node:fs';

/**
 * Whether this process has the rights that loading and attaching a program take: CAP_SYS_ADMIN, or CAP_BPF with CAP_NET_ADMIN
 * (Linux 5.8), and that in the initial user namespace. capabilities(7)
 */
export function hasBpfRights(read: (file: string) => string = (file) => readFileSync(file, 'latin1')): boolean {
  try {
    const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(read('/proc/self/status'))?.[1]}`);
    const has = (capability: bigint) => ((effective >> capability) & 1n) === 1n;
    const isInitial = /^\s*0\s+0\s+4294967295$/m.test(read('/proc/self/uid_map'));
    return isInitial && (has(CAP_SYS_ADMIN) || (has(CAP_BPF) && has(CAP_NET_ADMIN)));
  } catch {
    // Where /proc does not tell, the usual reason is the likely one.
    return false;
  }
}

const [CAP_NET_ADMIN, CAP_SYS_ADMIN, CAP_BPF] = [12n, 21n, 39n];
