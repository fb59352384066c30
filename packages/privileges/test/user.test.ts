import { describe, expect, it } from 'vitest';
import { user } from '../src/index.ts';
import { calls } from './calls.ts';

describe('becoming a user', () => {
  it('sets the groups first and the user last', () => {
    expect(
      calls(user({ uid: 1000, gid: 1001, groups: [7, 65536], umask: 0o027 })).map(({ name, args }) => [name, ...args]),
    ).toEqual([
      ['setgroups', 2, new Uint8Array([7, 0, 0, 0, 0, 0, 1, 0])],
      ['setresgid', 1001, 1001, 1001],
      ['setresuid', 1000, 1000, 1000],
      ['umask', 0o027],
    ]);
  });

  it('takes away the groups of whoever started the process', () => {
    expect(calls(user({ uid: 1, gid: 1 }))[0]).toMatchObject({ name: 'setgroups', args: [0, undefined] });
  });

  it('leaves the groups alone where the user namespace forbids to set them', () => {
    expect(calls(user({ uid: 0, gid: 0, groups: 'keep' })).map(({ name }) => name)).toEqual(['setresgid', 'setresuid']);
  });

  it.each([
    { uid: 0xffff_ffff, gid: 0 },
    { uid: -1, gid: 0 },
    { uid: 0, gid: 0xffff_ffff },
    { uid: 1.5, gid: 0 },
    { uid: Number.NaN, gid: 0 },
    { uid: '0' as never, gid: 0 },
    { uid: 1, gid: 1, groups: [-1] },
    { uid: 1, gid: 1, groups: Array.from({ length: 65_537 }, () => 1) },
    { uid: 1, gid: 1, umask: 0o1000 },
  ])('refuses ids that would mean "unchanged" or nothing ($uid, $gid)', (identity) => {
    expect(() => user(identity)).toThrow(expect.objectContaining({ code: 'USER_INVALID' }));
  });
});
