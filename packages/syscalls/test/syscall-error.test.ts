import { describe, expect, it } from 'vitest';
import { compile } from '../src/compile.ts';
import {
  type Call,
  fail,
  fsconfig,
  fsopen,
  label,
  mkdir,
  mknod,
  mount,
  moveMount,
  openTree,
  SyscallError,
  sethostname,
  symlink,
  syscall,
  unshare,
} from '../src/index.ts';
import { failureOf } from '../src/syscall-error.ts';

describe('an error', () => {
  it('has the shape of Node’s own', () => {
    const error = new SyscallError({ errno: 2, call: mount({ target: '/mnt', type: 'tmpfs' }) });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'SyscallError', code: 'ENOENT', errno: -2, syscall: 'mount', path: '/mnt' });
    expect(error.message).toBe('mount(NULL, "/mnt", "tmpfs", 0, NULL): ENOENT, no such file or directory');
  });

  it('says which step it was, what the kernel said, and what to do', () => {
    const context = fsopen('overlay');
    const error = new SyscallError({
      errno: 1,
      call: fsconfig(context, 'lowerdir', '/l'),
      step: 'mount overlay',
      kernel: 'not yours',
    });
    expect(error).toMatchObject({
      step: 'mount overlay',
      kernel: 'not yours',
      remedy: expect.stringContaining('CAP_SYS_ADMIN'),
    });
    expect(error.message).toBe(
      'mount overlay: fsconfig(<fsopen>, FSCONFIG_SET_STRING, "lowerdir", "/l", 0): EPERM, operation not permitted; the kernel says: not yours; ' +
        error.remedy,
    );
  });

  it.each<[Call, string | undefined]>([
    [mkdir('/d'), '/d'],
    [mkdir(Buffer.from('/d\0')), '/d'],
    [symlink('a', '/b'), '/b'],
    [moveMount(openTree('/a'), '/b'), '/b'],
    [moveMount(openTree('/a'), openTree('/b')), undefined],
    [syscall('pivot_root', '/new', '/old'), '/new'],
    [syscall('linkat', -100, '/a', -100, '/b', 0), '/b'],
    [sethostname('box'), undefined],
    [fsopen('proc'), undefined],
    [syscall('getpid'), undefined],
  ])('of %o is about %s', (call, path) => {
    expect(new SyscallError({ errno: 1, call }).path).toBe(path);
  });

  it.each<[Call, number, RegExp]>([
    [syscall('execve', '/x', 0, 0), 2, /does not exist there/],
    [syscall('execve', '/x', 0, 0), 13, /not executable/],
    [syscall('execve', '/x', 0, 0), 8, /wrong architecture/],
    [unshare('network'), 28, /max_\*_namespaces/],
    [mknod('/x', 0o020666, [1, 3]), 1, /bind those of the host/],
    [fsopen('nofs'), 19, /has no nofs file system/],
    [syscall('setns', 1, 2), 1, /joining needs CAP_SYS_ADMIN/],
  ])('of %o and errno %i has a remedy', (call, errno, remedy) => {
    expect(new SyscallError({ errno, call }).remedy).toMatch(remedy);
  });

  it('says nothing of devices where a file was to be made', () => {
    expect(new SyscallError({ errno: 1, call: mknod('/x', 0o100600) }).remedy).toBeUndefined();
    expect(new SyscallError({ errno: 1, call: mknod('/x', 0o060600, [8, 0]) }).remedy).toMatch(/device nodes/);
  });

  it('is made of what the compiler knows of an operation', () => {
    const compiled = compile([label('look around', syscall('getpid'))]);
    expect(failureOf(compiled, { op: 0, errno: 38, text: Buffer.alloc(0) })).toMatchObject({
      step: 'look around',
      syscall: 'getpid',
      code: 'ENOSYS',
    });
  });

  it('joins the messages of the kernel log', () => {
    const compiled = compile([fsopen('proc')]);
    const text = Buffer.alloc(64);
    text.write('e proc: one\n');
    text.write('w proc: two\n', 32);
    expect(failureOf(compiled, { op: 0, errno: 22, text }).kernel).toBe('proc: one; proc: two');
  });

  it('of our own says our own words', () => {
    const compiled = compile([label('find it', fail('ENOENT', 'not there'))]);
    expect(failureOf(compiled, { op: 0, errno: 2, text: Buffer.alloc(0) })).toMatchObject({
      message: 'find it: not there',
      code: 'ENOENT',
    });
  });

  it('of an operation that nobody knows is told all the same', () => {
    expect(failureOf(compile([]), { op: 99, errno: 5, text: Buffer.alloc(0) })).toMatchObject({
      code: 'EIO',
      syscall: 'unknown',
    });
  });
});
