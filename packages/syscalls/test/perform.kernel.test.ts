import { fstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { requires, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import {
  attempt,
  close,
  Fd,
  fail,
  fork,
  fsconfig,
  fscreate,
  fsopen,
  label,
  load,
  open,
  out,
  patch,
  pause,
  perform,
  SyscallError,
  syscall,
  unshare,
  writeFile,
} from '../src/index.ts';

const descriptors = () => readdirSync('/proc/self/fd').length;
const [ENOENT, EBADF] = [2, 9];

requires({ on: ['host', 'uml'] })('a program in this process', () => {
  it('returns what each call returned', () => {
    const [pid, uid] = [syscall('getpid'), syscall('geteuid')];
    const results = perform([pid, [uid]]);
    expect(results.of(pid)).toBe(process.pid);
    expect(results.of(uid)).toBe(process.geteuid?.());
  });

  it('returns results of more than 32 bits', () => {
    const file = syscall('memfd_create', 'large', 1);
    const seek = syscall('lseek', file, 2 ** 40 + 1, 0);
    expect(perform([file, seek]).of(seek)).toBe(2 ** 40 + 1);
  });

  it('returns what the kernel wrote into its memory', () => {
    const [path, link] = [out(256), out(8)];
    const read = syscall('readlinkat', -100, '/proc/self/cwd', path, 256);
    const results = perform([read, patch(link, 4, read)]);
    expect(results.bytes(path).toString('utf8', 0, results.of(read))).toBe(process.cwd());
    expect(results.bytes(link).readInt32LE(4)).toBe(results.of(read));
  });

  it('keeps its results when other programs run after it', () => {
    const pid = syscall('getpid');
    const name = out(390);
    const results = perform([pid, syscall('uname', name)]);
    const before = Buffer.from(results.bytes(name));
    for (let times = 0; times < 50; times++) perform([syscall('getppid'), syscall('sysinfo', out(112))]);
    expect(results.of(pid)).toBe(process.pid);
    expect(results.bytes(name).equals(before)).toBe(true);
    expect(before.toString('latin1', 0, 5)).toBe('Linux');
  });

  it('may be made by a generator that runs other programs', () => {
    const outer = syscall('getpid');
    function* program() {
      yield outer;
      const inner = syscall('getppid');
      yield writeFile('/dev/null', `parent ${perform([inner]).of(inner)}`);
    }
    expect(perform(program()).of(outer)).toBe(process.pid);
  });

  it('reads a number back within itself', () => {
    const ends = out(8);
    const [reading, writing] = [load(ends, 0), load(ends, 4)];
    const text = out(5);
    const results = perform([
      syscall('pipe2', ends, 0o2000000),
      syscall('write', writing, 'hello', 5),
      syscall('read', reading, text, 5),
      close(reading),
      close(writing),
    ]);
    expect(results.bytes(text).toString()).toBe('hello');
  });

  it('may be large: 3000 calls, a megabyte of data', async () => {
    await using place = scratch();
    const bytes = Buffer.alloc(1 << 20, 'x');
    const file = open(place.join('big'), ['wronly', 'creat'], { mode: 0o600 });
    const calls = Array.from({ length: 3000 }, () => syscall('getpid'));
    const results = perform([file, syscall('write', file, bytes, bytes.length), calls]);
    expect(calls.every((call) => results.of(call) === process.pid)).toBe(true);
    expect(readFileSync(place.join('big')).equals(bytes)).toBe(true);
  });

  it('closes what it opened, unless told to keep it', () => {
    const before = descriptors();
    const [one, two] = [open('/'), open('/dev/null')];
    const results = perform([one, two], { keep: [two] });
    expect(descriptors()).toBe(before + 1);
    using kept = results.fd(two);
    expect(fstatSync(kept.number).isCharacterDevice()).toBe(true);
    expect(() => results.fd(one)).toThrow(
      /the descriptor of openat was closed at the end of the program: list it in keep/,
    );
    kept.close();
    expect(descriptors()).toBe(before);
  });

  it('closes duplicates too, and those that ioctl made', () => {
    const before = descriptors();
    const namespace = open('/proc/self/ns/net');
    perform([
      namespace,
      syscall('fcntl', namespace, 1030, 3),
      attempt([syscall('ioctl', namespace, 0xb701)], ['EPERM']),
    ]);
    expect(descriptors()).toBe(before);
  });

  it('does not close again what it has closed, though somebody else has the number by then', () => {
    const first = open('/');
    const second = open('/dev/null');
    const results = perform([first, close(first), second], { keep: [second] });
    using kept = results.fd(second);
    expect(kept.number).toBe(results.of(first));
    expect(fstatSync(kept.number).isCharacterDevice()).toBe(true);
  });

  it('closes everything when it fails, pipes and what was to be kept as well', () => {
    const before = descriptors();
    const file = open('/');
    const program = [
      file,
      syscall('pipe2', out(8), 0),
      syscall('socketpair', 1, 1, 0, out(8)),
      open('/nowhere/at/all'),
    ];
    expect(() => perform(program, { keep: [file] })).toThrow(SyscallError);
    expect(descriptors()).toBe(before);
  });

  it('stops at the first failure, and names the step', () => {
    const never = syscall('mkdirat', -100, '/proc/never', 0o755);
    const error = failure(() => perform([label('look for it', open('/nowhere')), never]));
    expect(error).toMatchObject({
      code: 'ENOENT',
      errno: -ENOENT,
      syscall: 'openat',
      path: '/nowhere',
      step: 'look for it',
    });
    expect(error.message).toMatch(
      /^look for it: openat\(AT_FDCWD, "\/nowhere", O_RDONLY\|O_CLOEXEC, 0\): ENOENT, no such file or directory/,
    );
  });

  it('goes on where a part tolerates the failure, whose result is the negative error', () => {
    const [missing, skipped, after] = [open('/nowhere'), syscall('getuid'), syscall('getpid')];
    const results = perform([attempt([missing, skipped], ['ENOENT']), after]);
    expect(results.of(missing)).toBe(-ENOENT);
    expect(() => results.of(skipped)).toThrow(/getuid has no result: the part that it belongs to was left before it/);
    expect(results.of(after)).toBe(process.pid);
  });

  it('tolerates only what is named, inside and outside', () => {
    const bad = syscall('close', 123456);
    const missing = open('/nowhere');
    expect(failure(() => perform([attempt([bad], ['ENOENT'])]))).toMatchObject({ code: 'EBADF' });
    const nested = [
      attempt([attempt([bad], ['ENOENT', 'EPERM', 'EIO', 'EBUSY']), missing], ['EBADF']),
      syscall('getpid'),
    ];
    expect(perform(nested).of(bad)).toBe(-EBADF);
    const inner = [attempt([attempt([missing], ['EPERM', 'EIO', 'EBUSY', 'ENOENT']), bad], ['EBADF', 'ENOENT'])];
    expect(perform(inner).of(missing)).toBe(-ENOENT);
    expect(failure(() => perform([attempt([attempt([bad], ['ENOENT']), missing], ['EPERM', 'EIO'])]))).toMatchObject({
      code: 'EBADF',
    });
  });

  it('fails with words of its own', () => {
    expect(failure(() => perform([fail('EBUSY', 'not today')]))).toMatchObject({ code: 'EBUSY', message: 'not today' });
  });

  it('is not run at all when something in it is forbidden', async () => {
    await using place = scratch();
    const make = syscall('mkdirat', -100, place.join('made'), 0o755);
    for (const bad of [syscall('exit_group', 0), unshare('pid'), fork([]), pause('x')])
      expect(() => perform([make, bad])).toThrow(TypeError);
    expect(readdirSync(place.path)).toEqual([]);
  });

  it('refuses a descriptor that was closed', () => {
    const fd = Fd.open('/');
    fd.close();
    expect(() => perform([syscall('fchdir', fd)])).toThrow(TypeError);
  });

  it('asks about results and memory of its own only', () => {
    const results = perform([syscall('getpid')]);
    expect(() => results.of(syscall('getpid'))).toThrow('getpid is not part of the program');
    expect(() => results.bytes(out(4))).toThrow('this memory is not part of the program');
  });
});

requires({ on: ['host', 'uml'], root: true })('a program in this process, as root', () => {
  const namespace = (kind: string) => readlinkSync(`/proc/thread-self/ns/${kind}`);

  it.each([
    ['network', 'net'],
    ['uts', 'uts'],
    ['ipc', 'ipc'],
    ['cgroup', 'cgroup'],
  ] as const)('comes back from a new %s namespace', (kind, file) => {
    const before = [namespace(file), descriptors()];
    const link = out(64);
    const results = perform([unshare(kind), syscall('readlinkat', -100, `/proc/thread-self/ns/${file}`, link, 64)]);
    expect(results.bytes(link).toString().replace(/\0+$/, '')).not.toBe(before[0]);
    expect([namespace(file), descriptors()]).toEqual(before);
    expect(() => perform([unshare(kind), open('/nowhere')])).toThrow(SyscallError);
    expect([namespace(file), descriptors()]).toEqual(before);
  });

  it('makes sockets inside another network namespace', () => {
    const socket = syscall('socket', 16, 3 | 0o2000000, 0);
    const before = namespace('net');
    using kept = perform([unshare('network'), socket], { keep: [socket] }).fd(socket);
    const SIOCGSKNS = 0x894c;
    const where = syscall('ioctl', kept, SIOCGSKNS);
    using inside = perform([where], { keep: [where] }).fd(where);
    expect(readlinkSync(`/proc/self/fd/${inside.number}`)).not.toBe(before);
    expect(namespace('net')).toBe(before);
  });

  it('tells the words of the kernel', () => {
    const context = fsopen('tmpfs');
    const error = failure(() => perform([context, label('choose a size', fsconfig(context, 'size', 'huge'))]));
    expect(error).toMatchObject({ code: 'EINVAL', step: 'choose a size' });
    expect(error.kernel).toMatch(/^tmpfs: Bad value for 'size'/);
    expect(error.message).toContain(`the kernel says: ${error.kernel}`);
  });

  it('tells them also where the failure is only partly tolerated', () => {
    const context = fsopen('tmpfs');
    const program = [context, attempt([fsconfig(context, 'bogus', '1'), fscreate(context)], ['EPERM'])];
    expect(failure(() => perform(program)).kernel).toMatch(/^tmpfs: Unknown parameter 'bogus'/);
    expect(perform([context, attempt([fsconfig(context, 'bogus', '1')], ['EINVAL'])]).of(context)).toBeGreaterThan(2);
  });
});

function failure(action: () => unknown): SyscallError {
  try {
    action();
  } catch (error) {
    if (error instanceof SyscallError) return error;
    throw error;
  }
  throw new Error('nothing failed');
}
