import { expect, it } from 'vitest';
import {
  attempt,
  beginInCgroup,
  close,
  command,
  continueInChild,
  explain,
  fail,
  fork,
  fscreate,
  fsmount,
  fsopen,
  label,
  load,
  moveMount,
  open,
  openTree,
  out,
  patch,
  pause,
  syscall,
  words,
} from '../src/index.ts';

it('a program reads like the output of strace, with its labels', () => {
  const context = fsopen('proc');
  const tree = fsmount(context, ['nosuid']);
  const program = [
    continueInChild('pid', 'mount'),
    label('mount proc', [context, fscreate(context), tree, moveMount(tree, '/proc'), close(tree), close(context)]),
    attempt([syscall('setgroups', 0, undefined)], ['EPERM', 'ENOSYS']),
    attempt([syscall('getpid')], ['*']),
    pause('ready'),
    fail('ENOENT', 'nothing left'),
  ];
  expect(explain(program)).toBe(`clone3(CLONE_PARENT) in new namespaces: pid, mount; the rest happens in the child
# mount proc
  $1 = fsopen("proc", FSOPEN_CLOEXEC)
  fsconfig($1, FSCONFIG_CMD_CREATE, NULL, NULL, 0)
  $2 = fsmount($1, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID)
  move_mount($2, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH)
  close($2)
  close($1)
setgroups(0, NULL)  # unless EPERM, ENOSYS
getpid()  # unless it fails
wait for the parent: ready
fail with ENOENT: nothing left`);
});

it('a process that begins in a cgroup says in which', () => {
  const cgroup = open('/cg', ['path']);
  expect(
    explain([cgroup, beginInCgroup(cgroup), continueInChild()]),
  ).toBe(`$1 = openat(AT_FDCWD, "/cg", O_RDONLY|O_CLOEXEC|O_PATH, 0)
the next process begins in the cgroup $1
clone3(CLONE_PARENT); the rest happens in the child`);
});

it('results that nobody uses have no number', () => {
  const used = open('/b');
  expect(explain([open('/a'), used, openTree('/c'), close(used)])).toBe(`openat(AT_FDCWD, "/a", O_RDONLY|O_CLOEXEC, 0)
$1 = openat(AT_FDCWD, "/b", O_RDONLY|O_CLOEXEC, 0)
open_tree(AT_FDCWD, "/c", OPEN_TREE_CLOEXEC)
close($1)`);
});

it('memory that is used more than once has a letter', () => {
  const memory = out(8);
  const pid = load(memory, 4);
  expect(
    explain([syscall('read', 3, memory, 8), patch(memory, 0, pid), syscall('kill', pid, 9), pause('x', out(2))]),
  ).toBe(`read(3, &a[8], 8)
$1 = 4 bytes of &a[8]+4
4 bytes of &a[8] = $1
kill($1, SIGKILL)
wait for the parent: x, answer in <2 bytes>`);
});

it('a second process is shown below the step that makes it', () => {
  const child = fork([syscall('getpid')], { clone: ['pid'] });
  const socket = syscall('socket', 1, 1, 0);
  expect(
    explain([child, socket, syscall('sendmsg', 0, words(socket), 0), syscall('kill', child, 15)]),
  ).toBe(`$1 = clone3() in new namespaces: pid  # a second process:
  getpid()
$2 = socket(AF_UNIX, SOCK_STREAM, 0)
sendmsg(0, [$2], 0)
kill($1, SIGTERM)`);
});

it('a generator is read once', () => {
  function* once() {
    yield syscall('getpid');
  }
  expect(explain(once())).toBe('getpid()');
});

it('a command that is searched shows where, and what happens if it is nowhere', () => {
  expect(
    explain(command(['ls'], { PATH: '/bin:/sbin' })),
  ).toBe(`execve("/bin/ls", ["ls"], ["PATH=/bin:/sbin"])  # unless ENOENT, ENOTDIR, EACCES
execve("/sbin/ls", ["ls"], ["PATH=/bin:/sbin"])  # unless ENOENT, ENOTDIR, EACCES
fail with ENOENT: cannot execute "ls": executable file not found in $PATH (/bin:/sbin)`);
});
