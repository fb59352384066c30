import { explain, Fd } from '@estiba/syscalls';
import { describe, expect, it } from 'vitest';
import { create, enter, loopback, privateMounts, procfs } from '../src/index.ts';

describe('steps', () => {
  it('create namespaces, with private mounts and a name', () => {
    expect(
      explain(create(['mount', 'uts'], { hostname: 'box' })),
    ).toBe(`clone3(CLONE_PARENT) in new namespaces: mount, uts; the rest happens in the child
# make mounts private
  mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL)
sethostname("box", 3)`);
    expect(explain(create(['ipc']))).toBe('clone3(CLONE_PARENT) in new namespaces: ipc; the rest happens in the child');
  });

  it('open all namespaces before they enter any, and the mount namespace last', () => {
    expect(
      explain(enter({ mount: '/m', network: '/n', uts: '/u' })),
    ).toBe(`$1 = openat(AT_FDCWD, "/m", O_RDONLY|O_CLOEXEC, 0)
$2 = openat(AT_FDCWD, "/n", O_RDONLY|O_CLOEXEC, 0)
$3 = openat(AT_FDCWD, "/u", O_RDONLY|O_CLOEXEC, 0)
setns($2, CLONE_NEWNET)
setns($3, CLONE_NEWUTS)
setns($1, CLONE_NEWNS)
close($1)
close($2)
close($3)`);
  });

  it('enter before a user namespace what can only be entered before it', () => {
    expect(explain(enter({ user: '/u', network: '/n' }))).toBe(`$1 = openat(AT_FDCWD, "/u", O_RDONLY|O_CLOEXEC, 0)
$2 = openat(AT_FDCWD, "/n", O_RDONLY|O_CLOEXEC, 0)
setns($2, CLONE_NEWNET)  # unless EPERM
setns($1, CLONE_NEWUSER)
setns($2, CLONE_NEWNET)
close($1)
close($2)`);
  });

  it('enter by an open descriptor too', () => {
    expect(explain(enter({ network: { kind: 'network', fd: new Fd(7) } as never }))).toBe('setns(7, CLONE_NEWNET)');
  });

  it('mount proc, make mounts private and set the loopback interface up', () => {
    expect(explain([privateMounts(), procfs('/p'), loopback()])).toBe(`# make mounts private
  mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL)
# mount proc on /p
  $1 = fsopen("proc", FSOPEN_CLOEXEC)
  fsconfig($1, FSCONFIG_CMD_CREATE, NULL, NULL, 0)
  $2 = fsmount($1, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID|MOUNT_ATTR_NODEV|MOUNT_ATTR_NOEXEC)
  move_mount($2, "", AT_FDCWD, "/p", MOVE_MOUNT_F_EMPTY_PATH)
  close($2)
  close($1)
# set the loopback interface up
  $3 = socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, 0)
  ioctl($3, SIOCSIFFLAGS, [28524, 0, 1, 0, 0])
  close($3)`);
  });
});
