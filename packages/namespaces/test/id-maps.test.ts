import { explain } from '@estiba/syscalls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type IdMaps, type IdRange, mapIds, NamespaceError } from '../src/index.ts';

const maps = (...ranges: IdRange[]): IdMaps => ({ uid: ranges, gid: [{ inside: 0, outside: 0, count: 1 }] });
const range = (inside: number, outside: number, count: number) => ({ inside, outside, count });

describe('id maps', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('that leave the process as it is pause for the parent, and make it root inside', () => {
    expect(explain(mapIds({ uid: [range(0, 100000, 65536)], gid: [range(0, 100000, 65536)] }))).toBe(`# map ids
  wait for the parent: map-ids
# become root of the user namespace
  setgroups(0, NULL)  # unless EPERM
  setresgid(0, 0, 0)
  setresuid(0, 0, 0)
# hide from other processes
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)`);
  });

  it('of the own id alone are written by the process itself', () => {
    const [uid, gid] = [1000, 1001];
    vi.spyOn(process, 'geteuid').mockReturnValue(uid);
    vi.spyOn(process, 'getegid').mockReturnValue(gid);
    const text = explain(mapIds({ uid: [range(0, uid, 1)], gid: [range(0, gid, 1)] }));
    expect(text).not.toContain('wait for the parent');
    expect(text.match(/write\(\$\d, "[^"]*"/g)).toEqual([
      'write($1, "deny"',
      `write($2, "0 ${gid} 1\\n"`,
      `write($3, "0 ${uid} 1\\n"`,
    ]);
  });

  it('of root alone are written by the parent, so that groups can be left', () => {
    vi.spyOn(process, 'geteuid').mockReturnValue(0);
    vi.spyOn(process, 'getegid').mockReturnValue(0);
    const text = explain(mapIds({ uid: [range(0, 0, 1)], gid: [range(0, 0, 1)] }));
    expect(text).toContain('wait for the parent: map-ids');
    expect(text).not.toContain('deny');
  });

  it('without root inside make it the first one that there is', () => {
    const text = explain(mapIds({ uid: [range(1000, 100000, 5)], gid: [range(2000, 100000, 1), range(7, 5, 1)] }));
    expect(text).toContain('# become 1000:2000 of the user namespace');
    expect(text).toContain('setresgid(2000, 2000, 2000)');
    expect(text).toContain('setresuid(1000, 1000, 1000)');
    expect(text).toContain('PR_SET_DUMPABLE');
  });

  it.each<[string, IdRange[], RegExp]>([
    ['empty', [], /the uid map is empty: nobody would exist inside/],
    [
      'too long',
      Array.from({ length: 341 }, (_, index) => range(index, index, 1)),
      /has 341 ranges: the kernel takes 340/,
    ],
    ['with a negative id', [range(-1, 0, 1)], /a range that is none: \{"inside":-1/],
    ['with an empty range', [range(0, 0, 0)], /a range that is none/],
    ['with a fraction', [range(0, 0.5, 1)], /a range that is none/],
    ['beyond 32 bits', [range(0, 2 ** 32, 1)], /a range that is none/],
    ['whose range ends beyond 32 bits', [range(1, 0, 0xffff_ffff)], /a range that is none/],
    ['that give an id twice', [range(5, 0, 10), range(0, 100, 6)], /the uid map gives id 5 twice/],
    ['that take an id twice', [range(0, 100, 10), range(50, 109, 1)], /the uid map takes id 109 from outside twice/],
  ])('%s are refused', (_, ranges, message) => {
    const refused = () => mapIds(maps(...ranges));
    expect(refused).toThrow(NamespaceError);
    expect(refused).toThrow(message);
  });
});
