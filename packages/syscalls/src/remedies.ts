/** What to do about a refusal, where the cause is known well enough to say so. */
import { existsSync, readFileSync } from 'node:fs';
import { cloneFlags } from './flags.ts';
import type { Call } from './program.ts';

export function remedyFor(call: Call, code: string, kernel?: string): string | undefined {
  if (call.name === 'clone3' || call.name === 'unshare')
    return remedies[`${call.name} ${code}`] ?? namespaceRemedy(call, code);
  if (call.name === 'fsopen' && code === 'ENODEV') {
    return `this kernel has no ${call.args[0]} file system: load its module, or look in /proc/filesystems`;
  }
  if (call.name === 'mknodat' && !makesDevice(call)) return undefined;
  if (code === 'EINVAL' && kernel !== undefined) return undefined;
  return remedies[`${call.name} ${code}`];
}

const MOUNTING =
  'mounting needs CAP_SYS_ADMIN in the user namespace that owns the mount namespace: run as root, or create a user namespace';

/** By system call and error. */
const remedies: Readonly<Record<string, string>> = {
  ...forEach('fsopen fsconfig fsmount mount mount_setattr move_mount open_tree pivot_root umount2', 'EPERM', MOUNTING),
  ...forEach('fsconfig fsmount mount', 'EACCES', MOUNTING),
  ...forEach('fsconfig fsmount mount', 'EINVAL', 'the kernel log (dmesg) may say more'),
  'clone3 EBUSY': 'a cgroup whose controllers are enabled for those below takes no processes itself: use one below it',
  'capset EPERM': 'nobody can give himself capabilities that he does not hold',
  'execve EACCES': 'the file is not executable, or its file system is mounted noexec',
  'execve ENOENT': 'the command, or the interpreter it names (#! line or ELF loader), does not exist there',
  'execve ENOEXEC': 'not a program for this machine: wrong architecture, or a script without #!',
  'mknodat EPERM': 'device nodes cannot be made in a user namespace: bind those of the host',
  'posix_spawn EACCES':
    'where memory may not be executed (vm.memfd_noexec) the launcher has to be an executable file: chmod +x it, on a file system not mounted noexec',
  'prctl EPERM': 'dropping from the bounding set needs CAP_SETPCAP',
  'seccomp EACCES': 'a filter needs CAP_SYS_ADMIN, or no_new_privs set before',
  'setgroups EPERM': 'in a user namespace made by an ordinary user groups cannot be set: keep them',
  'setns EPERM': 'joining needs CAP_SYS_ADMIN in the namespace and, for a mount namespace, in our own',
};

function forEach(names: string, code: string, remedy: string): Record<string, string> {
  return Object.fromEntries(names.split(' ').map((name) => [`${name} ${code}`, remedy]));
}

/** Files, fifos and sockets are made by the same call. mknod(2) */
function makesDevice({ args }: Call): boolean {
  const type = Number(args[2]) & S_IFMT;
  return type === S_IFCHR || type === S_IFBLK;
}

const S_IFMT = 0o170000;
const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;

function namespaceRemedy(call: Call, code: string): string | undefined {
  const user = call.name === 'unshare' && (Number(call.args[0]) & cloneFlags.user) !== 0;
  if (code === 'ENOSPC')
    return 'the limit on namespaces is reached: see /proc/sys/user/max_*_namespaces, or the nesting is deeper than 32';
  if (code !== 'EPERM' && code !== 'EACCES') return undefined;
  if (setting('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1') {
    return 'AppArmor forbids user namespaces to programs without a profile: add one with "userns,", or set kernel.apparmor_restrict_unprivileged_userns=0';
  }
  if (setting('/proc/sys/kernel/unprivileged_userns_clone') === '0')
    return 'set kernel.unprivileged_userns_clone=1 to allow user namespaces';
  return user ? undefined : 'new namespaces need CAP_SYS_ADMIN: run as root, or create a user namespace with them';
}

function setting(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}
