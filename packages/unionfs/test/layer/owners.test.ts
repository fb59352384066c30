import { describe, expect, it } from 'vitest';
import type { Attributes } from '../../src/layer/attributes.ts';
import type { IdRange } from '../../src/layer/id-maps.ts';
import { type IdMaps, shiftOf } from '../../src/layer/owners.ts';

const maps: IdMaps = {
  uid: [
    { inside: 0, outside: 1000, count: 1 },
    { inside: 1, outside: 100_000, count: 65_535 },
  ],
  gid: [{ inside: 0, outside: 200_000, count: 65_536 }],
};

function entry(change: Partial<Attributes & { name: Buffer }> = {}) {
  const mtime = { seconds: 0, nanoseconds: 0 };
  return { name: Buffer.from('f'), mode: 0o644, uid: 0, gid: 0, mtime, xattrs: new Map<string, Buffer>(), ...change };
}

describe('shifted owners', () => {
  it('are those of the range that holds the id, at its ends too', () => {
    const shift = shiftOf(maps);
    expect(shift(entry())).toMatchObject({ uid: 1000, gid: 200_000 });
    expect(shift(entry({ uid: 1, gid: 65_535 }))).toMatchObject({ uid: 100_000, gid: 265_535 });
    expect(shift(entry({ uid: 65_535 }))).toMatchObject({ uid: 165_534 });
  });

  it.each([
    ['uid', { uid: 65_536 }, 'cannot unpack "f": its uid 65536 is in no range'],
    ['gid', { gid: 4_000_000_000 }, 'cannot unpack "f": its gid 4000000000 is in no range'],
  ])('are refused where no range has the %s', (_, change, message) => {
    expect(() => shiftOf(maps)(entry(change))).toThrow(
      expect.objectContaining({ code: 'LAYER_REFUSED', entry: 'f', message: expect.stringContaining(message) }),
    );
  });

  it.each([
    ['keep' as const, { uid: 7, gid: 8 }],
    ['self' as const, { uid: 7, gid: 8 }],
  ])('are those of the layer with %s', (owner, ids) => {
    const given = entry(ids);
    expect(shiftOf(owner)(given)).toBe(given);
  });

  it.each([
    ['no range', []],
    ['no root', [{ inside: 1, outside: 1000, count: 10 }]],
    ['an empty range', [{ inside: 0, outside: 1000, count: 0 }]],
    ['half an id', [{ inside: 0, outside: 1000.5, count: 1 }]],
    ['an id below 0', [{ inside: 0, outside: -1, count: 1 }]],
    ['the id that stands for none', [{ inside: 0, outside: 4_294_967_294, count: 2 }]],
    [
      'an id twice inside',
      [
        { inside: 0, outside: 1000, count: 5 },
        { inside: 4, outside: 2000, count: 1 },
      ],
    ],
    [
      'an id twice outside',
      [
        { inside: 0, outside: 1000, count: 5 },
        { inside: 9, outside: 1004, count: 1 },
      ],
    ],
    ['more ranges than a user namespace can have', rangesOf(341)],
  ])('cannot have a map with %s', (_, uid) => {
    expect(() => shiftOf({ uid, gid: maps.gid })).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }));
  });
});

it('owners are shifted by as many ranges as a user namespace can have', () => {
  expect(shiftOf({ uid: rangesOf(340), gid: maps.gid })(entry({ uid: 339 }))).toMatchObject({ uid: 100_339 });
  expect(() => shiftOf({ uid: maps.uid, gid: rangesOf(341) })).toThrow(
    'cannot shift owners: the gid map has 341 ranges, the kernel takes 340',
  );
});

describe('what names ids is shifted with the owner:', () => {
  const shifted = (name: string, hex: string) =>
    shiftOf(maps)(entry({ xattrs: new Map([[name, Buffer.from(hex, 'hex')]]) }))
      .xattrs.get(name)
      ?.toString('hex');

  it('capabilities for everybody count only where the shifted root is root', () => {
    expect(shifted('security.capability', '0100000200040000000000000000000000000000')).toBe(
      '0100000300040000000000000000000000000000e8030000',
    );
  });

  it('capabilities of one root become those of the shifted one', () => {
    expect(shifted('security.capability', '000000030004000000000000000000000000000005000000')).toBe(
      `0000000300040000000000000000000000000000${hex(100_004)}`,
    );
  });

  it('users and groups of access lists, not what stands beside the others', () => {
    const list = (user: number, group: number) =>
      `0200000001000600ffffffff02000600${hex(user)}04000400ffffffff08000400${hex(group)}10000600ffffffff20000400ffffffff`;
    expect(shifted('system.posix_acl_access', list(1, 2))).toBe(list(100_000, 200_002));
    expect(() => shifted('system.posix_acl_default', list(1, 99_999))).toThrow('gid 99999');
  });

  it('and nothing else, nor what is broken', () => {
    expect(shifted('user.x', '0100000200040000000000000000000000000000')).toBe(
      '0100000200040000000000000000000000000000',
    );
    expect(shifted('security.capability', '01000002')).toBe('01000002');
    expect(shifted('system.posix_acl_access', '0200')).toBe('0200');
  });
});

/** Of one id each. */
function rangesOf(count: number): IdRange[] {
  return Array.from({ length: count }, (_, id) => ({ inside: id, outside: 100_000 + id, count: 1 }));
}

function hex(id: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(id);
  return bytes.toString('hex');
}
