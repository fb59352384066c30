/** The launcher as something that can be executed: a sealed copy in memory, which no process inside can write to. */
import { readFileSync, writeSync } from 'node:fs';
import type { Fd } from './fd.ts';
import { nativeFile } from './native.ts';
import { perform } from './perform.ts';
import { syscall } from './program.ts';
import { SyscallError } from './syscall-error.ts';

let file: { path: string; fd?: Fd } | undefined;

/**
 * Where the launcher is, for posix_spawn. A process in a container can reach the executable of the one that enters it
 * through /proc/PID/exe; with a sealed memfd there is nothing there that it could damage (CVE-2019-5736).
 * Where executing a memfd is forbidden (vm.memfd_noexec=2) it is the file of the package.
 */
export function launcherPath(): string {
  file ??= sealed() ?? { path: nativeFile('launcher') };
  return file.path;
}

function sealed(): { path: string; fd: Fd } | undefined {
  const [CLOEXEC, ALLOW_SEALING, EXEC] = [1, 2, 0x10];
  let fd = memfd(CLOEXEC | ALLOW_SEALING | EXEC);
  // Before Linux 6.3 there is no MFD_EXEC, and all such memory may be executed.
  if (fd === 'EINVAL') fd = memfd(CLOEXEC | ALLOW_SEALING);
  if (typeof fd === 'string') return undefined;
  writeSync(fd.number, readFileSync(nativeFile('launcher')));
  const [F_ADD_SEALS, SEAL_SHRINK_GROW_WRITE] = [1033, 0xf];
  perform([syscall('fcntl', fd, F_ADD_SEALS, SEAL_SHRINK_GROW_WRITE)]);
  // The child has the same descriptors until it executes, so its own /proc/self leads there.
  return { path: `/proc/self/fd/${fd.number}`, fd };
}

/** memfd_create(2); EACCES where the machine forbids executable memory. */
function memfd(flags: number): Fd | string {
  const create = syscall('memfd_create', 'estiba-launcher', flags);
  try {
    return perform([create], { keep: [create] }).fd(create);
  } catch (error) {
    const code = error instanceof SyscallError ? error.code : undefined;
    if (code === 'EINVAL' || code === 'EACCES' || code === 'ENOSYS') return code;
    throw error;
  }
}
