import type { Call } from '@estiba/syscalls';
import { describe, expect, it } from 'vitest';
import { compileSeccomp, type DropPrivilegesOptions, dockerSeccompFilter, dropPrivileges } from '../src/index.ts';
import { calls } from './calls.ts';

const everything: DropPrivilegesOptions = {
  user: { uid: 1000, gid: 1000 },
  capabilities: ['CAP_KILL'],
  seccomp: 'default',
  rlimits: { nofile: 1024 },
};

const prctls = new Map([
  [8, 'keepcaps'],
  [24, 'bounding'],
  [38, 'no-new-privs'],
  [47, 'ambient'],
]);

/** The kinds of calls in order, each once where it repeats. */
function order(options: DropPrivilegesOptions): string[] {
  const kinds = calls(dropPrivileges(options)).map(
    ({ name, args }: Call) => (name === 'prctl' ? prctls.get(Number(args[0])) : name) ?? '?',
  );
  return kinds.filter((kind, index) => kind !== kinds[index - 1]);
}

describe('dropping privileges', () => {
  it('loads the filter last when new privileges are forbidden', () => {
    expect(order({ ...everything, noNewPrivileges: true })).toEqual([
      'prlimit64',
      'bounding',
      'keepcaps',
      'setgroups',
      'setresgid',
      'setresuid',
      'keepcaps',
      'ambient',
      'capset',
      'no-new-privs',
      'seccomp',
    ]);
  });

  it('loads the filter while there are capabilities when new privileges are allowed', () => {
    expect(order(everything)).toEqual([
      'prlimit64',
      'seccomp',
      'bounding',
      'keepcaps',
      'setgroups',
      'setresgid',
      'setresuid',
      'keepcaps',
      'ambient',
      'capset',
    ]);
  });

  it('does nothing that it was not asked for', () => {
    expect(dropPrivileges({})).toEqual([]);
    expect(order({ noNewPrivileges: true, seccomp: 'unconfined' })).toEqual(['no-new-privs']);
    expect(order({ user: '1000:1000' })).toEqual(['setgroups', 'setresgid', 'setresuid']);
  });

  it('keeps no capabilities across a change of user to root or without capabilities', () => {
    expect(order({ user: '0', capabilities: [] })).not.toContain('keepcaps');
  });

  it('allows with the default filter what the bounding capabilities need', () => {
    const filterOf = (options: DropPrivilegesOptions) => {
      const call = calls(dropPrivileges({ ...options, seccomp: 'default' })).find(({ name }) => name === 'seccomp');
      return (call?.args[2] as { words: unknown[] } | undefined)?.words[1];
    };
    expect(filterOf({ capabilities: ['CAP_SYS_ADMIN'] })).toBe(dockerSeccompFilter(['CAP_SYS_ADMIN']).instructions);
    expect(filterOf({ capabilities: { bounding: ['CAP_SYS_TIME'] } })).toBe(
      dockerSeccompFilter(['CAP_SYS_TIME']).instructions,
    );
    expect(filterOf({})).toBe(dockerSeccompFilter().instructions);
  });

  it('takes a profile, or one that is compiled already', () => {
    const profile = { defaultAction: 'SCMP_ACT_ALLOW', flags: ['SECCOMP_FILTER_FLAG_LOG'] };
    for (const seccomp of [profile, compileSeccomp(profile)]) {
      const [call] = calls(dropPrivileges({ seccomp }));
      expect(call).toMatchObject({
        name: 'seccomp',
        args: [1, 2, { words: [expect.any(Number), expect.any(Uint8Array)] }],
      });
    }
  });

  it('refuses names: whose passwd file?', () => {
    expect(() => dropPrivileges({ user: 'alice' })).toThrow(expect.objectContaining({ code: 'USER_UNKNOWN' }));
  });
});
