import { describe, expect, test } from 'vitest';
import { hasBpfRights } from '../../src/v2/bpf-rights.ts';
import { cannotAttach, cannotLoad } from '../../src/v2/device-refusal.ts';

const failed = (code: string) => Object.assign(new Error(code), { code });
const load = (code: string, log = '', hasRights = false) =>
  cannotLoad({ cause: failed(code), log }, '/estiba/x', '/cg/estiba/x', hasRights);
const attach = (code: string) => cannotAttach(failed(code), '/estiba/x', '/cg/estiba/x');

describe('why there is no program', () => {
  test('without root it is a matter of rights, and what to do instead is said', () => {
    expect(load('EPERM')).toMatchObject({
      name: 'CgroupError',
      code: 'CGROUP_DENIED',
      path: '/estiba/x',
      file: '/cg/estiba/x',
      message:
        'cannot limit devices of /estiba/x: load an eBPF program: EPERM; this takes root of the initial user namespace ' +
        '(CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN); without it leave devices out: nobody in a user namespace can make ' +
        'device nodes, and those there are obey their modes',
    });
    expect(attach('EPERM')).toMatchObject({
      code: 'CGROUP_DENIED',
      message: expect.stringMatching(/BPF_F_ALLOW_MULTI/),
    });
  });

  test('with all rights it is a matter of locked memory, on older kernels', () => {
    expect(load('EPERM', '', true)).toMatchObject({
      code: 'CGROUP_DENIED',
      message: expect.stringMatching(/EPERM; this process has the rights; before Linux 5\.11 .*RLIMIT_MEMLOCK/),
    });
    expect(load('ENOSYS', '', true)).toMatchObject({ code: 'CONTROLLER_UNAVAILABLE' });
  });

  test.each([
    ['all capabilities', '000001ffffffffff', '         0          0 4294967295', true],
    ['CAP_SYS_ADMIN', '0000000000200000', '         0          0 4294967295', true],
    ['CAP_BPF and CAP_NET_ADMIN', '0000008000001000', '         0          0 4294967295', true],
    ['CAP_BPF alone', '0000008000000000', '         0          0 4294967295', false],
    ['no capability', '0000000000000000', '         0          0 4294967295', false],
    ['all capabilities in a user namespace', '000001ffffffffff', '         0       1000          1', false],
  ])('%s: the right is told apart', (_, capabilities, map, expected) => {
    const files: Record<string, string> = {
      '/proc/self/status': `Name:\tnode\nCapPrm:\t0000000000000000\nCapEff:\t${capabilities}\nCapBnd:\t000001ffffffffff\n`,
      '/proc/self/uid_map': `${map}\n`,
    };
    expect(hasBpfRights((file) => files[file] ?? '')).toBe(expected);
  });

  test('the words of the verifier are those of the error', () => {
    expect(load('EACCES', 'R0 !read_ok')).toMatchObject({
      code: 'CONTROLLER_UNAVAILABLE',
      message: expect.stringMatching(/the verifier of this kernel says: R0 !read_ok$/),
    });
  });

  test('a kernel that has no such programs, and a cgroup that has too many or is gone, are told apart', () => {
    expect(load('ENOSYS')).toMatchObject({ code: 'CONTROLLER_UNAVAILABLE' });
    expect(load('EINVAL')).toMatchObject({ code: 'CONTROLLER_UNAVAILABLE' });
    expect(attach('E2BIG')).toMatchObject({ code: 'CGROUP_BUSY' });
    expect(attach('ENOENT')).toMatchObject({ code: 'CGROUP_GONE' });
  });

  test('what has no name here is left as it came', () => {
    expect(load('ENOMEM')).toMatchObject({ code: 'ENOMEM' });
    expect(attach('EINTR')).toMatchObject({ code: 'EINTR' });
  });
});
