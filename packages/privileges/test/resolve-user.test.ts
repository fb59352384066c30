import { describe, expect, it } from 'vitest';
import { parseGroup, parsePasswd, resolveUser } from '../src/index.ts';

const passwd = `root:x:0:0:root:/root:/bin/bash
alice:x:1000:1001:Alice:/home/alice:/bin/sh
1234:x:0:0:a name that looks like an id:/root:/bin/sh
bob:x:1002:1002::/home/bob:/bin/sh
bob:x:0:0:a second bob:/root:/bin/sh
nohome:x:1003:1003:::
`;
const group = `root:x:0:
staff:x:50:alice,bob
video:x:44:alice
alice:x:1001:
1234:x:0:
`;
const resolve = (specification: string) => resolveUser(specification, { passwd, group });

describe('a user', () => {
  it.each([
    ['alice', { uid: 1000, gid: 1001, groups: [1001, 50, 44], home: '/home/alice', name: 'alice' }],
    ['1000', { uid: 1000, gid: 1001, groups: [1001, 50, 44], home: '/home/alice', name: 'alice' }],
    ['', { uid: 0, gid: 0, groups: [0], home: '/root', name: 'root' }],
    ['alice:video', { uid: 1000, gid: 44, groups: [44], home: '/home/alice', name: 'alice' }],
    ['alice:', { uid: 1000, gid: 1001, groups: [1001, 50, 44], home: '/home/alice', name: 'alice' }],
    [':staff', { uid: 0, gid: 50, groups: [50], home: '/root', name: 'root' }],
    ['4242', { uid: 4242, gid: 0, groups: [0], home: '/' }],
    ['4242:4343', { uid: 4242, gid: 4343, groups: [4343], home: '/' }],
    ['bob', { uid: 1002, gid: 1002, groups: [1002, 50], home: '/home/bob', name: 'bob' }],
    ['nohome', { uid: 1003, gid: 1003, groups: [1003], home: '/', name: 'nohome' }],
  ])('%j is who Docker takes it to be', (specification, expected) => {
    expect(resolve(specification)).toEqual(expected);
  });

  it('of digits is an id even when the passwd file has such a name', () => {
    expect(resolve('1234')).toEqual({ uid: 1234, gid: 0, groups: [0], home: '/' });
    expect(resolve('alice:1234').gid).toBe(1234);
  });

  it('of a container without a passwd file can be a number', () => {
    expect(resolveUser('1000:1000')).toEqual({ uid: 1000, gid: 1000, groups: [1000], home: '/' });
    expect(resolveUser('')).toEqual({ uid: 0, gid: 0, groups: [0], home: '/' });
  });

  it.each([
    'mallory',
    '-1',
    '+1000',
    ' 1000',
    '1000 ',
    '0x0',
    '1e3',
    '1000abc',
    '٣',
    'root ',
    'ROOT',
    '__proto__',
    '１',
  ])('that is not there is refused, never root: %j', (specification) => {
    expect(() => resolve(specification)).toThrow(expect.objectContaining({ code: 'USER_UNKNOWN' }));
  });

  it.each(['4294967295', '4294967296', '2147483648', '99999999999999999999', 'a:b:c', '0:0:0', 'alice\0'])(
    'that cannot be is refused: %j',
    (specification) => {
      expect(() => resolve(specification)).toThrow(expect.objectContaining({ code: 'USER_INVALID' }));
    },
  );

  it('with a group that is not there is refused', () => {
    expect(() => resolve('alice:wheel')).toThrow(expect.objectContaining({ code: 'GROUP_UNKNOWN' }));
    expect(() => resolve('alice:-1')).toThrow(expect.objectContaining({ code: 'GROUP_UNKNOWN' }));
  });
});

describe('a passwd file', () => {
  it.each([
    'evil',
    'evil:x',
    'evil:x:',
    'evil:x::',
    'evil:x:0',
    'evil:x:zero:0::/:',
    'evil:x:-1:0::/:',
    'evil:x: 0:0::/:',
    'evil:x:4294967295:0::/:',
    'evil:x:0:::/:',
    'evil::::::',
  ])('with a line that is not whole has no such user: %j', (line) => {
    expect(() => resolveUser('evil', { passwd: `${line}\n` })).toThrow(
      expect.objectContaining({ code: 'USER_UNKNOWN' }),
    );
  });

  it('may be bytes of any kind, with lines that end in any way', () => {
    const bytes = Buffer.concat([
      Buffer.from([0xff, 0xfe, 0x0a]),
      Buffer.from('# comment\r\n\r\n\nalice:x:1:2::/home/a:/bin/sh\r\n+::::::'),
    ]);
    expect(parsePasswd(bytes)).toEqual([{ name: 'alice', uid: 1, gid: 2, home: '/home/a' }]);
    expect(parseGroup(Buffer.from('a:x:5:b,c\r\nbroken\nd:x:6'))).toEqual([
      { name: 'a', gid: 5, members: ['b', 'c'] },
      { name: 'd', gid: 6, members: [] },
    ]);
  });

  it('of a million lines is read in a moment', () => {
    const start = performance.now();
    expect(() => resolveUser('x', { passwd: ':'.repeat(1_000_000) + '\n'.repeat(200_000) })).toThrow(
      /cannot find the user/,
    );
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
