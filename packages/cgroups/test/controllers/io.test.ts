import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkIo, type IoLimits } from '../../src/controllers/io.ts';

const check = (io: unknown) => checkIo(io as IoLimits, '/estiba/x');

describe('checkIo', () => {
  test('a disk is told by its number', () => {
    expect(
      check({ max: [{ device: '7:0', readBytes: '1MiB', writeBytes: 'max', readOps: 50, writeOps: 'max' }] }),
    ).toEqual({
      max: [{ device: '7:0', rates: { readBytes: 1_048_576, writeBytes: 'max', readOps: 50, writeOps: 'max' } }],
    });
  });

  test('weights are for all disks and for single ones, in either scale', () => {
    expect(check({ weight: 200, deviceWeights: [{ device: '7:0', weight: 'default' }] })).toEqual({
      weights: { scale: 'io', weight: 200, devices: [{ device: '7:0', weight: 'default' }] },
    });
    expect(check({ bfqDeviceWeights: [{ device: '7:0', weight: 1_000 }] })).toEqual({
      weights: { scale: 'bfq', devices: [{ device: '7:0', weight: 1_000 }] },
    });
  });

  test('what is not given is not set', () => {
    expect(check({})).toEqual({});
    expect(check({ latency: [{ device: '7:0', target: 50 }], priorityClass: 'idle' })).toEqual({
      latency: [{ device: '7:0', target: 50 }],
      priorityClass: 'idle',
    });
  });

  const wrong: [string, unknown, string][] = [
    ['weight 0', { weight: 0 }, 'io.weight'],
    ['a weight above 10000', { weight: 10_001 }, 'io.weight'],
    ['a weight above what bfq has', { bfqWeight: 1_001 }, 'io.bfq.weight'],
    ['both weights', { weight: 1, bfqWeight: 1 }, 'io.bfqWeight'],
    ['the weight of a disk that is not named', { deviceWeights: [{ weight: 1 }] }, 'io.weight'],
    ['devices that are no list', { max: { device: '7:0', readOps: 1 } }, 'io.max'],
    ['a rate of 0', { max: [{ device: '7:0', readBytes: 0 }] }, 'io.max readBytes'],
    ['half an operation', { max: [{ device: '7:0', readOps: 0.5 }] }, 'io.max readOps'],
    ['operations that are no limit', { max: [{ device: '7:0', writeOps: 2 ** 32 - 1 }] }, 'io.max writeOps'],
    ['a limit of nothing', { max: [{ device: '7:0' }] }, 'io.max'],
    ['a rate of another name', { max: [{ device: '7:0', rbps: 1 }] }, 'io.max.rbps'],
    ['a name that is no path', { max: [{ device: 'sda', readOps: 1 }] }, 'io.max'],
    ['a number alone', { max: [{ device: '8', readOps: 1 }] }, 'io.max'],
    ['a disk and its limits in one', { max: [{ device: '8:0 rbps=1', readOps: 1 }] }, 'io.max'],
    ['a target of 0', { latency: [{ device: '7:0', target: 0 }] }, 'io.latency target'],
    ['a class that is none', { priorityClass: 'fast' }, 'io.prio.class'],
    ['a limit of another name', { rbps: 1 }, 'io.rbps'],
  ];
  test.each(wrong)('refuses %s, and names the file', (_, io, file) => {
    expect(() => check(io)).toThrow(
      expect.objectContaining({ name: 'CgroupError', code: 'LIMIT_INVALID', path: '/estiba/x', file }),
    );
  });
});

describe.skipIf(process.platform !== 'linux')('a device by its path', () => {
  const device = (path: string) => check({ max: [{ device: path, readOps: 1 }] }).max?.[0]?.device;

  test('that is none is refused with the reason', () => {
    expect(() => device('/dev/null')).toThrow('cannot set io.max of /estiba/x to /dev/null: it is no block device');
    expect(() => device('/dev/no-such-disk')).toThrow('it cannot be looked at: ENOENT');
  });

  const disks = readdirSync('/sys/block').filter((name) => !name.startsWith('loop'));
  test.skipIf(disks.length === 0)('becomes its number, which sysfs knows', () => {
    const [disk] = disks;
    expect(readdirSync('/sys/dev/block')).toContain(device(`/dev/${disk}`));
  });
});
