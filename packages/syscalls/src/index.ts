export { command, defaultPath, type Environment, execve } from './calls/execution.ts';
export { chdir, chown, close, fchdir, mkdir, mknod, open, openat2, symlink, unlink, writeFile } from './calls/files.ts';
export {
  fsconfig,
  fscreate,
  fsmount,
  fsopen,
  mount,
  mountSetattr,
  moveMount,
  openTree,
  umount,
} from './calls/mounts.ts';
export { sethostname, setns, unshare } from './calls/namespaces.ts';
export { Child } from './child.ts';
export type { ErrnoCode } from './errno.ts';
export { explain } from './explain.ts';
export { Fd } from './fd.ts';
export {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  AT_REMOVEDIR,
  AT_SYMLINK_NOFOLLOW,
  type CloneFlag,
  cloneFlags,
  type MountAttribute,
  type MountFlag,
  type OpenFlag,
  openFlags,
  type ResolveFlag,
  type UmountFlag,
} from './flags.ts';
export { type Answer, type LaunchOptions, launch, type PauseHandler } from './launch.ts';

export { type PerformOptions, perform, type Results } from './perform.ts';
export { type Arch, syscallNumbers } from './platform.ts';
export { preload } from './preload.ts';
export {
  type Arg,
  at,
  attempt,
  beginInCgroup,
  type Call,
  closeDescriptors,
  continueInChild,
  fail,
  fork,
  isProgram,
  label,
  load,
  type Out,
  out,
  type Program,
  patch,
  pause,
  type Step,
  syscall,
  type Words,
  words,
} from './program.ts';
export type { ExitStatus } from './reaper.ts';
export type { Stdio, StdioEntry } from './stdio.ts';
export { SyscallError } from './syscall-error.ts';
