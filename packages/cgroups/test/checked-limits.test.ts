import { describe, expect, test } from 'vitest';
import { checkLimits } from '../src/checked-limits.ts';
import type { Limits } from '../src/limits.ts';

const check = (limits: Limits) => checkLimits(limits, '/estiba/x');

describe('checkLimits', () => {
  test('bytes are numbers, or texts with a binary unit', () => {
    expect(check({ memory: { max: '64MiB', high: '1.5GiB', low: 0, swap: '0B' } }).memory).toEqual({
      max: 67_108_864,
      high: 1_610_612_736,
      low: 0,
      swap: 0,
    });
    expect(check({ memory: { max: 'max' } }).memory).toEqual({ max: 'max' });
  });

  test('a number of CPUs is a quota in periods of 100 ms', () => {
    expect(check({ cpu: { max: 0.5 } }).cpu).toEqual({ max: { quota: 50_000, period: 100_000 } });
    expect(check({ cpu: { max: { quota: 2_000, period: 5_000 } } }).cpu?.max).toEqual({ quota: 2_000, period: 5_000 });
    expect(check({ cpu: { max: 'max', weight: 1 } }).cpu).toEqual({
      max: { quota: 'max', period: 100_000 },
      weight: 1,
    });
  });

  test('what is not given is not set', () => {
    expect(check({})).toEqual({});
    expect(check({ memory: {} })).toEqual({ memory: {} });
  });

  class Getters {
    get memory() {
      return { max: 1 };
    }
  }
  const circle: Record<string, unknown> = {};
  circle.circle = circle;
  const wrong: [string, unknown, string][] = [
    ['no memory at all', { memory: { max: 0 } }, 'memory.max'],
    ['less than a page', { memory: { max: 100 } }, 'memory.max'],
    ['negative bytes', { memory: { low: -1 } }, 'memory.low'],
    ['fractions of bytes', { memory: { max: 4096.5 } }, 'memory.max'],
    ['not a number', { memory: { max: Number.NaN } }, 'memory.max'],
    ['absurdly many bytes', { memory: { max: '999999999TiB' } }, 'memory.max'],
    ['decimal units, which everybody reads differently', { memory: { max: '64M' } }, 'memory.max'],
    ['negative swap', { memory: { swap: -1 } }, 'memory.swap.max'],
    ['no processes', { pids: { max: 0 } }, 'pids.max'],
    ['more processes than the kernel has numbers', { pids: { max: 4_194_305 } }, 'pids.max'],
    ['half a process', { pids: { max: 1.5 } }, 'pids.max'],
    ['no CPU', { cpu: { max: 0 } }, 'cpu.max'],
    ['a negative CPU', { cpu: { max: -1 } }, 'cpu.max'],
    ['infinite CPUs', { cpu: { max: Number.POSITIVE_INFINITY } }, 'cpu.max'],
    ['a quota below a millisecond', { cpu: { max: { quota: 999 } } }, 'cpu.max quota'],
    ['a period above a second', { cpu: { max: { quota: 1000, period: 1_000_001 } } }, 'cpu.max period'],
    ['weight 0', { cpu: { weight: 0 } }, 'cpu.weight'],
    ['a cpu list that is none', { cpuset: { cpus: '0..2' } }, 'cpuset.cpus'],
    ['a cpu list with a newline', { cpuset: { cpus: '0\n1' } }, 'cpuset.cpus'],
    ['a limit of another name', { memory: { maximum: 1 } }, 'memory.maximum'],
    ['a controller of another name', { mem: { max: 1 } }, 'mem'],
    ['a number where limits of memory should be', { memory: 67_108_864 }, 'memory'],
    ['a text where limits of memory should be', { memory: '64MiB' }, 'memory'],
    ['nothing where limits of pids should be', { pids: null }, 'pids'],
    ['a list where limits should be', [{ max: 1 }], 'limits'],
    ['a text where limits should be', '64MiB', 'limits'],
    ['bytes in a list', { memory: { max: ['64MiB'] } }, 'memory.max'],
    ['a number of CPUs as a text', { cpu: { max: '0.5' } }, 'cpu.max'],
    ['null as a number of CPUs', { cpu: { max: null } }, 'cpu.max'],
    ['a Map where limits should be, which has no keys', new Map([['memory', { max: 1 }]]), 'limits'],
    ['limits that nobody has waited for', Promise.resolve({ memory: { max: 1 } }), 'limits'],
    ['limits that are inherited', Object.create({ memory: { max: 1 } }), 'limits'],
    ['limits that getters of a class tell', new Getters(), 'limits'],
    ['a Map in place of limits of memory', { memory: new Map([['max', 4096]]) }, 'memory'],
    ['a Map of one size', { hugetlb: { '2MiB': new Map([['max', 0]]) } }, 'hugetlb.2MiB'],
    ['a list of one size', { hugetlb: { '2MiB': [] } }, 'hugetlb.2MiB'],
    ['a Map of huge pages', { hugetlb: new Map([['2MiB', 0]]) }, 'hugetlb'],
    ['a Map of RDMA devices', { rdma: { max: new Map() } }, 'rdma.max'],
    ['a Map of resources', { misc: { max: new Map() } }, 'misc.max'],
    ['a Map of priorities', { netPrio: new Map() }, 'net_prio.ifpriomap'],
    ['a Map of files', { unified: new Map() }, 'unified'],
    ['an empty text for a file, which writes nothing', { unified: { 'memory.max': '' } }, 'memory.max'],
    ['an empty line for a file, which would be 0', { unified: { 'memory.max': ' \n' } }, 'memory.max'],
    ['a size that JSON has no text for', { memory: { max: { bytes: 1n } } }, 'memory.max'],
    ['limits that contain themselves', { memory: circle }, 'memory.circle'],
    ['a symbol for a device', { devices: { allow: [Symbol('null')] } }, 'devices.allow[0]'],
    ['a misspelt period', { cpu: { max: { quota: 1000, periode: 1000 } } }, 'cpu.max.periode'],
  ];
  test.each(wrong)('refuses %s, and names the file', (_, limits, file) => {
    expect(() => check(limits as Limits)).toThrow(
      expect.objectContaining({ name: 'CgroupError', code: 'LIMIT_INVALID', path: '/estiba/x', file }),
    );
  });

  test('an object without a prototype is one like any other', () => {
    const limits: Limits = Object.assign(Object.create(null), { pids: { max: 7 } });
    expect(check(limits)).toEqual({ pids: { max: 7 } });
  });

  test('the error says what was attempted and what to write instead', () => {
    expect(() => check({ memory: { max: '64M' as '64MiB' } })).toThrow(
      "cannot set memory.max of /estiba/x to 64M: write a number of bytes, '64MiB' or 'max'",
    );
  });
});
