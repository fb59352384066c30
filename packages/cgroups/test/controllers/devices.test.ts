import { describe, expect, test } from 'vitest';
import { checkDevices } from '../../src/controllers/devices.ts';
import { containerDevices, type DevicesLimits, explainDevices } from '../../src/index.ts';

const check = (limits: unknown) => checkDevices(limits as DevicesLimits, '/estiba/x');

describe('checkDevices', () => {
  test('a list of what is allowed denies the rest, a list of what is denied allows it', () => {
    const rule = { type: 'char', major: 1, minor: 3, access: 6 };
    expect(check({ allow: ['c 1:3 rw'] })).toEqual({ allow: false, rules: [{ ...rule, allow: true }] });
    expect(check({ deny: ['c 1:3 wr'] })).toEqual({ allow: true, rules: [{ ...rule, allow: false }] });
    expect(check('max')).toEqual({ allow: true, rules: [] });
  });

  test('what a rule leaves out is all, of both types', () => {
    const all = { allow: true, major: '*', minor: '*', access: 7 };
    expect(check({ rules: [{ allow: true }] })).toEqual({
      allow: false,
      rules: [
        { ...all, type: 'char' },
        { ...all, type: 'block' },
      ],
    });
    expect(check({ allow: ['a *:* rwm'] })).toEqual(check({ rules: [{ allow: true }] }));
  });

  test('the devices of containers are well written', () => {
    expect(check({ allow: [...containerDevices] }).rules).toHaveLength(containerDevices.length + 1);
  });

  const wrong: [string, unknown, string][] = [
    ['nothing', null, 'devices'],
    ['no list', {}, 'devices'],
    ['two lists', { allow: [], deny: [] }, 'devices'],
    ['a list of another name', { allowed: [] }, 'devices.allowed'],
    ['a default beside a list that has one', { allow: [], default: 'allow' }, 'devices.default'],
    ['a default that is none', { rules: [], default: 'a' }, 'devices.default'],
    ['a text as a list', { allow: 'c 1:3 rw' }, 'devices.allow'],
    ['an object as a list', { rules: {} }, 'devices.rules'],
    ['a path instead of numbers', { allow: ['/dev/null'] }, 'devices.allow[0]'],
    ['no access', { allow: ['c 1:3 rw', 'c 1:3'] }, 'devices.allow[1]'],
    ['an unknown access', { deny: ['c 1:3 rx'] }, 'devices.deny[0]'],
    ['another type', { deny: ['p 1:3 r'] }, 'devices.deny[0]'],
    ['a rule in place of a text', { allow: [{ allow: true }] }, 'devices.allow[0]'],
    ['two lines in one', { allow: ['c 1:3 r\nc 1:5 r'] }, 'devices.allow[0]'],
    ['a major number beyond 12 bits', { allow: ['c 4096:3 r'] }, 'devices.allow[0].major'],
    ['the number that v1 takes for all', { allow: ['c 1:4294967295 r'] }, 'devices.allow[0].minor'],
    ['a negative number', { rules: [{ allow: true, major: -1 }] }, 'devices.rules[0].major'],
    ['a rule that does not say which', { rules: [{ type: 'char' }] }, 'devices.rules[0].allow'],
    ['a type of another name', { rules: [{ allow: true, type: 'c' }] }, 'devices.rules[0].type'],
    ['a type that objects inherit', { rules: [{ allow: true, type: 'toString' }] }, 'devices.rules[0].type'],
    ['an access that is empty', { rules: [{ allow: true, access: '' }] }, 'devices.rules[0].access'],
    ['a word too many', { rules: [{ allow: true, path: '/dev/null' }] }, 'devices.rules[0].path'],
    ['more rules than anybody needs', { allow: new Array(513).fill('c 1:3 r') }, 'devices'],
  ];
  test.each(wrong)('refuses %s', (_, limits, file) => {
    expect(() => check(limits)).toThrow(expect.objectContaining({ name: 'CgroupError', code: 'LIMIT_INVALID', file }));
  });
});

describe('explainDevices', () => {
  test('says a list in words', () => {
    expect(explainDevices({ allow: ['c 1:3 rw', 'a *:* m'] })).toBe(
      [
        'every device is denied, but',
        'allowed: read and write character device 1:3 (null)',
        'allowed: make any character device',
        'allowed: make any block device',
      ].join('\n'),
    );
    expect(explainDevices({ deny: ['b 8:* rwm'] })).toBe(
      'every device is allowed, but\ndenied: read, write and make block device 8:*',
    );
    expect(explainDevices('max')).toBe('every device is allowed');
  });

  test('says where the order counts', () => {
    const rules = [
      { allow: true, type: 'char', major: 1 },
      { allow: false, type: 'char', major: 1, minor: 5 },
    ] as const;
    expect(explainDevices({ rules })).toMatch(/^every device is denied, but \(the last line that fits decides\)\n/);
  });
});
