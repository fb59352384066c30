import { describe, expect, it } from 'vitest';
import { decodeCall } from '../src/decode.ts';
import {
  at,
  chown,
  execve,
  Fd,
  fsconfig,
  fscreate,
  fsmount,
  fsopen,
  mkdir,
  mknod,
  mount,
  mountSetattr,
  moveMount,
  open,
  openat2,
  openTree,
  out,
  sethostname,
  symlink,
  syscall,
  umount,
  unlink,
  unshare,
  words,
} from '../src/index.ts';

describe('what is long', () => {
  it('is cut, however long: a text, and a list', () => {
    const [many, long] = [Array.from({ length: 200_000 }, () => 'y'), 'x'.repeat(1 << 20)];
    const text = decodeCall(execve('/bin/true', [long, ...many]));
    expect(text.length).toBeLessThan(2000);
    expect(text).toMatch(/x"\.\.\., "y", .*, and 199969 more\]/);
  });
});

describe('a call is printed', () => {
  const context = fsopen('overlay');
  const tree = openTree('/srv', ['clone', 'recursive']);
  it.each([
    [mount({ target: '/', flags: ['rec', 'private'] }), 'mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL)'],
    [mount({ source: 'a', target: '/b', type: 'tmpfs', data: 'size=1m' }), 'mount("a", "/b", "tmpfs", 0, "size=1m")'],
    [umount('/mnt', ['detach']), 'umount2("/mnt", MNT_DETACH)'],
    [context, 'fsopen("overlay", FSOPEN_CLOEXEC)'],
    [fsconfig(context, 'lowerdir', '/l'), 'fsconfig(<fsopen>, FSCONFIG_SET_STRING, "lowerdir", "/l", 0)'],
    [fsconfig(context, 'ro'), 'fsconfig(<fsopen>, FSCONFIG_SET_FLAG, "ro", NULL, 0)'],
    [fsconfig(context, 'lowerdir+', tree), 'fsconfig(<fsopen>, FSCONFIG_SET_FD, "lowerdir+", NULL, <open_tree>)'],
    [fscreate(context), 'fsconfig(<fsopen>, FSCONFIG_CMD_CREATE, NULL, NULL, 0)'],
    [fsmount(context, ['nosuid', 'rdonly']), 'fsmount(<fsopen>, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY|MOUNT_ATTR_NOSUID)'],
    [tree, 'open_tree(AT_FDCWD, "/srv", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE)'],
    [moveMount(tree, '/mnt'), 'move_mount(<open_tree>, "", AT_FDCWD, "/mnt", MOVE_MOUNT_F_EMPTY_PATH)'],
    [
      mountSetattr(tree, { set: ['rdonly'], propagation: 'private', recursive: true }),
      'mount_setattr(<open_tree>, "", AT_EMPTY_PATH|AT_RECURSIVE, {set=MOUNT_ATTR_RDONLY, propagation=MS_PRIVATE}, 32)',
    ],
    [
      mountSetattr(tree, { idmap: new Fd(7) }),
      'mount_setattr(<open_tree>, "", AT_EMPTY_PATH, {set=MOUNT_ATTR_IDMAP, userns=7}, 32)',
    ],
    [
      mountSetattr(tree, { clear: ['noexec'] }),
      'mount_setattr(<open_tree>, "", AT_EMPTY_PATH, {set=0, clear=MOUNT_ATTR_NOEXEC}, 32)',
    ],
    [
      open('/f', ['wronly', 'creat', 'trunc'], { mode: 0o600 }),
      'openat(AT_FDCWD, "/f", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0600)',
    ],
    [
      openat2(new Fd(3), 'a', { flags: ['path'], resolve: ['in-root', 'no-magiclinks'] }),
      'openat2(3, "a", {flags=O_RDONLY|O_CLOEXEC|O_PATH, resolve=RESOLVE_NO_MAGICLINKS|RESOLVE_IN_ROOT}, 24)',
    ],
    [mkdir('/d', 0o700), 'mkdirat(AT_FDCWD, "/d", 0700)'],
    [mknod('/dev/null', 0o020666, [1, 3]), 'mknodat(AT_FDCWD, "/dev/null", S_IFCHR|0666, makedev(1, 3))'],
    [mknod('/x', 0o060600, [259, 70000]), 'mknodat(AT_FDCWD, "/x", S_IFBLK|0600, makedev(259, 70000))'],
    [symlink('a', '/b'), 'symlinkat("a", AT_FDCWD, "/b")'],
    [unlink('/d', { directory: true }), 'unlinkat(AT_FDCWD, "/d", AT_REMOVEDIR)'],
    [chown('/f', 0, 5), 'fchownat(AT_FDCWD, "/f", 0, 5, AT_SYMLINK_NOFOLLOW)'],
    [unshare('network', 'user'), 'unshare(CLONE_NEWUSER|CLONE_NEWNET)'],
    [sethostname('höst'), 'sethostname("höst", 5)'],
    [execve('/bin/ls', ['ls', '-l'], { A: '1' }), 'execve("/bin/ls", ["ls", "-l"], ["A=1"])'],
    [execve('/bin/ls', ['ls'], { A: '1', B: '2', C: '3', D: '4', E: '5' }), 'execve("/bin/ls", ["ls"], [5 variables])'],
    [syscall('prctl', 38, 1, 0, 0, 0), 'prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)'],
    [syscall('kill', 5, 9), 'kill(5, SIGKILL)'],
    [syscall('kill', 5, 64), 'kill(5, 64)'],
    [syscall('socket', 2, 0o2000002, 0), 'socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, 0)'],
    [syscall('ioctl', 4, 0x8914, words(1, 2)), 'ioctl(4, SIOCSIFFLAGS, [1, 2])'],
    [syscall('ioctl', 4, 0xabcd), 'ioctl(4, 0xabcd)'],
    [
      syscall('prlimit64', 0, 7, words(1024, 4096), undefined),
      'prlimit64(0, RLIMIT_NOFILE, {soft=1024, hard=4096}, NULL)',
    ],
    [syscall('waitid', 3, 9, out(128), 5, 0), 'waitid(P_PIDFD, 9, <128 bytes>, WNOHANG|WEXITED, 0)'],
    [syscall('read', 0, at(out(64), 8), 56), 'read(0, <64 bytes>+8, 56)'],
    [syscall('write', 1, Buffer.from('a\n'), 2), 'write(1, "a\\n", 2)'],
    [syscall('write', 1, Buffer.from([0, 1]), 2), 'write(1, <2 bytes>, 2)'],
    [syscall('unshare', 0x20000 | 0x200), 'unshare(CLONE_NEWNS|0x200)'],
    [syscall('getpid'), 'getpid()'],
    [syscall('not_listed', 1, 'two', undefined), 'not_listed(1, "two", NULL)'],
  ])('%#: %o', (call, text) => {
    expect(decodeCall(call)).toBe(text);
  });
});
