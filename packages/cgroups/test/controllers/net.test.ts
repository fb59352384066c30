import { describe, expect, test } from 'vitest';
import { checkNetCls, type NetClsLimits } from '../../src/controllers/net-cls.ts';
import { checkNetPrio, type NetPrioLimits } from '../../src/controllers/net-prio.ts';
import { netClsSettings } from '../../src/v1/net-cls.ts';
import { netPrioSettings } from '../../src/v1/net-prio.ts';
import { written } from '../written.ts';

const cls = (classid: unknown) => checkNetCls({ classid } as NetClsLimits, '/estiba/x');
const prio = (priorities: unknown) => checkNetPrio(priorities as NetPrioLimits, '/estiba/x');

describe('net_cls', () => {
  test('takes a number, or what tc calls a class', () => {
    expect(written(netClsSettings, cls(0x0010_0001))).toEqual([['net_cls.classid', '1048577']]);
    expect(written(netClsSettings, cls('10:1'))).toEqual([['net_cls.classid', '1048577']]);
    expect(written(netClsSettings, cls('ffff:FFFF'))).toEqual([['net_cls.classid', '4294967295']]);
    expect(written(netClsSettings, cls(0))).toEqual([['net_cls.classid', '0']]);
    expect(written(netClsSettings, {})).toEqual([]);
  });

  test.each([-1, 2 ** 32, 0.5, '10', '10:', 'xyz:1', '10000:1', null, undefined])('refuses %s', (classid) => {
    expect(() => cls(classid)).toThrow(
      expect.objectContaining({ code: 'LIMIT_INVALID', file: 'net_cls.classid', path: '/estiba/x' }),
    );
  });
});

describe('net_prio', () => {
  test('writes one interface after the other', () => {
    expect(written(netPrioSettings, prio({ lo: 0, eth0: 5 }))).toEqual([
      ['net_prio.ifpriomap', 'lo 0'],
      ['net_prio.ifpriomap', 'eth0 5'],
    ]);
  });

  const wrong: [unknown, string][] = [
    [{ 'eth0 5\nlo': 1 }, 'net_prio.ifpriomap'],
    [{ 'a-name-that-is-too-long': 1 }, 'net_prio.ifpriomap'],
    [{ '': 1 }, 'net_prio.ifpriomap'],
    [{ eth0: -1 }, 'net_prio.ifpriomap eth0'],
    [{ eth0: '5' }, 'net_prio.ifpriomap eth0'],
    [['eth0'], 'net_prio.ifpriomap'],
    [5, 'net_prio.ifpriomap'],
  ];
  test.each(wrong)('refuses %j', (priorities, file) => {
    expect(() => prio(priorities)).toThrow(expect.objectContaining({ code: 'LIMIT_INVALID', file, path: '/estiba/x' }));
  });
});
