import { PrivilegesError } from './errors.ts';

/** A capability by its name in capabilities(7). One that is younger than this list is written by its number: `CAP_41`. */
export type Capability = KnownCapability | `CAP_${number}` | (string & {});

type KnownCapability = (typeof names)[number];

// In the kernel's order: the position is the number. include/uapi/linux/capability.h
const names = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const;

/** Every capability this package knows by name, in the kernel's order. capabilities(7) */
export const allCapabilities: readonly Capability[] = names;

/** What Docker gives a container that asks for nothing else: enough to install packages and to change users. */
export const dockerCapabilities: readonly Capability[] = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];

// The kernel keeps a set in 64 bits, so no capability can ever have a higher number.
export const highestCapability = 63;

const numbers: ReadonlyMap<string, number> = new Map(names.map((name, number) => [name, number]));

/** @throws PrivilegesError `CAPABILITY_UNKNOWN` */
export function capabilityNumber(name: Capability): number {
  const number = numbers.get(name) ?? numbered(name);
  if (number !== undefined) return number;
  throw new PrivilegesError(
    'CAPABILITY_UNKNOWN',
    `cannot use the capability ${JSON.stringify(name)}: it is not one of capabilities(7); write it like CAP_NET_RAW`,
  );
}

export function capabilityName(number: number): Capability {
  return names[number] ?? `CAP_${number}`;
}

/** @throws PrivilegesError `CAPABILITY_UNKNOWN` */
export function capabilityMask(list: readonly Capability[]): bigint {
  return list.reduce((mask, name) => mask | (1n << BigInt(capabilityNumber(name))), 0n);
}

function numbered(name: string): number | undefined {
  const digits = /^CAP_(\d{1,2})$/.exec(name)?.[1];
  const number = Number(digits);
  return digits !== undefined && number <= highestCapability ? number : undefined;
}
