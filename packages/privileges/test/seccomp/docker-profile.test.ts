import { describe, expect, it } from 'vitest';
import { dockerSeccompFilter, dockerSeccompProfile, simulateSeccomp } from '../../src/index.ts';
import { numbers as arm } from '../../src/tables/numbers-arm.ts';
import { numbers as x86 } from '../../src/tables/numbers-x86.ts';

const answer = (syscall: string | number, args: (number | bigint)[] = [], capabilities?: string[]) =>
  simulateSeccomp(dockerSeccompFilter(capabilities, { arch: 'x64' }), { syscall, args });
const allowed = { action: 'SCMP_ACT_ALLOW' };
const refused = { action: 'SCMP_ACT_ERRNO', errno: 1 };
const absent = { action: 'SCMP_ACT_ERRNO', errno: 38 };

describe('Docker’s profile', () => {
  it.each(['read', 'openat', 'execve', 'mmap', 'futex', 'ptrace', 'arch_prctl', 'setuid', 'getxattrat', 'fchmodat2'])(
    'allows %s',
    (name) => {
      expect(answer(name)).toEqual(allowed);
    },
  );

  it.each([
    'mount',
    'umount2',
    'setns',
    'unshare',
    'bpf',
    'keyctl',
    'add_key',
    'request_key',
    'kexec_load',
    'reboot',
    'init_module',
    'userfaultfd',
    'io_uring_setup',
    'open_by_handle_at',
    'perf_event_open',
    'swapon',
    'pivot_root',
    'iopl',
    'settimeofday',
    'move_pages',
    'open_tree',
    'fsopen',
    'syslog',
    'nfsservctl',
  ])('refuses %s', (name) => {
    expect(answer(name)).toEqual(refused);
  });

  it.each([
    ['CAP_SYS_ADMIN', 'mount'],
    ['CAP_SYS_ADMIN', 'unshare'],
    ['CAP_SYS_TIME', 'settimeofday'],
    ['CAP_SYS_MODULE', 'init_module'],
    ['CAP_DAC_READ_SEARCH', 'open_by_handle_at'],
    ['CAP_SYS_CHROOT', 'chroot'],
    ['CAP_BPF', 'bpf'],
    ['CAP_SYSLOG', 'syslog'],
    ['CAP_SYS_PTRACE', 'pidfd_getfd'],
    ['CAP_SYS_NICE', 'mbind'],
  ])('allows with %s what it is for: %s', (capability, name) => {
    expect(answer(name, [], [])).toEqual(refused);
    expect(answer(name, [], [capability])).toEqual(allowed);
  });

  it.each([0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000, 0x0002_0000])(
    'refuses a clone into a new namespace (%i)',
    (flag) => {
      expect(answer('clone', [flag | 17])).toEqual(refused);
      expect(answer('clone', [flag | 17], ['CAP_SYS_ADMIN'])).toEqual(allowed);
    },
  );

  it('allows a clone that makes a thread or a process', () => {
    expect(answer('clone', [0x003d_0f00])).toEqual(allowed);
    expect(answer('clone', [17])).toEqual(allowed);
  });

  it('says that clone3 does not exist, so that programs use clone', () => {
    expect(answer('clone3')).toEqual(absent);
    expect(answer('clone3', [], ['CAP_SYS_ADMIN'])).toEqual(allowed);
  });

  it('allows sockets of the usual families and refuses vsock, alg and those it does not know', () => {
    const families = Array.from({ length: 64 }, (_, family) => family);
    const kept = families.filter((family) => answer('socket', [family, 1, 0]).action === 'SCMP_ACT_ALLOW');
    expect(families.filter((family) => !kept.includes(family)).slice(0, 10)).toEqual([
      12, 19, 20, 23, 25, 34, 37, 38, 40, 46,
    ]);
    expect(answer('socket', [0x1_0000_0002n])).toEqual(refused);
  });

  it('allows five personalities', () => {
    const kept = [0, 1, 8, 0x20000, 0x20008, 0x40000, 0xffffffff].filter(
      (value) => answer('personality', [value]).action === 'SCMP_ACT_ALLOW',
    );
    expect(kept).toEqual([0, 8, 0x20000, 0x20008, 0xffffffff]);
  });

  it('says that calls which are younger than itself do not exist', () => {
    expect(answer(600)).toEqual(absent);
  });

  it('guards 32-bit programs by their own numbers', () => {
    const filter = dockerSeccompFilter(undefined, { arch: 'x64' });
    const x86Call = (name: string) => simulateSeccomp(filter, { syscall: x86[name] ?? -1, architecture: 0x4000_0003 });
    expect(x86Call('mount')).toEqual(refused);
    expect(x86Call('umount')).toEqual(refused);
    expect(x86Call('clock_gettime64')).toEqual(allowed);
    expect(x86Call('socketcall')).toEqual(allowed);
    const armCall = (name: string) =>
      simulateSeccomp(dockerSeccompFilter(undefined, { arch: 'arm64' }), {
        syscall: arm[name] ?? -1,
        architecture: 0x4000_0028,
      });
    expect(armCall('set_tls')).toEqual(allowed);
    expect(armCall('mount')).toEqual(refused);
  });

  it('is data that can be copied, changed and printed', () => {
    const profile = dockerSeccompProfile();
    expect(JSON.parse(JSON.stringify(profile))).toEqual(profile);
  });

  it('is compiled once for the same capabilities', () => {
    expect(dockerSeccompFilter(['CAP_KILL', 'CAP_BPF'])).toBe(dockerSeccompFilter(['CAP_BPF', 'CAP_CHOWN']));
    expect(dockerSeccompFilter(['CAP_BPF'])).not.toBe(dockerSeccompFilter([]));
  });
});
