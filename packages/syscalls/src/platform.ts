import { numbers as arm64 } from './tables/numbers-arm64.ts';
import { numbers as x64 } from './tables/numbers-x64.ts';

/** The architectures that a program can be encoded for. */
export type Arch = 'x64' | 'arm64';

/** Written into every program, so that one for another machine is refused instead of doing something else. */
export const abis: Readonly<Record<Arch, number>> = { x64: 1, arm64: 2 };

const tables: Readonly<Record<Arch, Readonly<Record<string, number>>>> = { x64, arm64 };

export function platformArch(): Arch {
  return process.arch === 'arm64' ? 'arm64' : 'x64';
}

/** Every system call of an architecture by name; of this machine's unless told otherwise. syscalls(2) */
export function syscallNumbers(arch: Arch = platformArch()): Readonly<Record<string, number>> {
  return tables[arch];
}

/** Programs can be made and read anywhere, and run on Linux only. */
export function requireLinux(what: string): void {
  if (process.platform !== 'linux') throw new Error(`cannot ${what} on ${process.platform}: Linux only`);
  if (process.arch !== 'x64' && process.arch !== 'arm64')
    throw new Error(`cannot ${what} on ${process.arch}: x64 and arm64 only`);
}
