import { type Arch, syscallNumbers } from '@estiba/syscalls';
import { PrivilegesError } from '../errors.ts';
import { numbers as arm } from '../tables/numbers-arm.ts';
import { numbers as x86 } from '../tables/numbers-x86.ts';
import { type Detour, detourTo } from './multiplexers.ts';

/** One way into the kernel: 64-bit programs, or 32-bit programs on the same machine. */
export interface Abi {
  /** AUDIT_ARCH_*, include/uapi/linux/audit.h */
  readonly audit: number;
  readonly numbers: Readonly<Record<string, number>>;
  /** How wide an argument is. */
  readonly bits: 32 | 64;
  /** Other ways to a call. */
  readonly detourTo?: (name: string) => Detour | undefined;
  /** Numbers from here on are of another kind, which is refused: on x64, x32 has the same AUDIT_ARCH. */
  readonly foreignFrom?: number;
}

const native: Readonly<Record<Arch, Abi>> = {
  x64: { audit: 0xc000_003e, numbers: syscallNumbers('x64'), bits: 64, foreignFrom: 0x4000_0000 },
  arm64: { audit: 0xc000_00b7, numbers: syscallNumbers('arm64'), bits: 64 },
};

const compatible: Readonly<Record<Arch, ReadonlyMap<string, Abi>>> = {
  x64: new Map([['SCMP_ARCH_X86', { audit: 0x4000_0003, numbers: x86, bits: 32, detourTo }]]),
  arm64: new Map([['SCMP_ARCH_ARM', { audit: 0x4000_0028, numbers: arm, bits: 32 }]]),
};

/** The machine's own, then those of the list that it has too; names of other machines are skipped. */
export function abisOf(arch: Arch, architectures: readonly string[]): Abi[] {
  return [
    native[arch],
    ...[...compatible[arch]].filter(([name]) => architectures.includes(name)).map(([, abi]) => abi),
  ];
}

/** @throws PrivilegesError `ARCHITECTURE_UNSUPPORTED` */
export function currentArch(): Arch {
  const arch = process.arch;
  if (arch === 'x64' || arch === 'arm64') return arch;
  throw new PrivilegesError(
    'ARCHITECTURE_UNSUPPORTED',
    `cannot compile a seccomp profile for ${arch}: there are tables for x64 and arm64 only`,
  );
}
