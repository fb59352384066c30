import { describe, expect, test } from 'vitest';
import { checkIo, type IoLimits } from '../../src/controllers/io.ts';
import { ioSettings, parseIoStat } from '../../src/v2/io.ts';
import { rewritten, written } from '../written.ts';

const check = (io: IoLimits) => checkIo(io, '/estiba/x');

describe('io on v2', () => {
  test('each disk gets a line of its own', () => {
    const max: IoLimits['max'] = [
      { device: '7:0', readBytes: 1_000, writeBytes: 'max', readOps: 10, writeOps: 20 },
      { device: '7:1', writeBytes: 2_000 },
    ];
    expect(written(ioSettings, check({ max }))).toEqual([
      ['io.max', '7:0 rbps=1000 wbps=max riops=10 wiops=20'],
      ['io.max', '7:1 wbps=2000'],
    ]);
  });

  test('latency is a target in microseconds', () => {
    const latency = [
      { device: '7:0', target: 75_000 },
      { device: '7:1', target: 'max' as const },
    ];
    expect(written(ioSettings, check({ latency, priorityClass: 'restrict-to-be' }))).toEqual([
      ['io.latency', '7:0 target=75000'],
      ['io.latency', '7:1 target=max'],
      ['io.prio.class', 'restrict-to-be'],
    ]);
  });

  const deviceWeights = [
    { device: '7:0', weight: 10_000 },
    { device: '7:1', weight: 'default' as const },
  ];

  test('a weight goes to io.weight, and to bfq in its scale where there is one', () => {
    const limits = check({ weight: 50, deviceWeights });
    const cost = [
      ['io.weight', '50'],
      ['io.weight', '7:0 10000'],
      ['io.weight', '7:1 default'],
    ];
    const bfq = [
      ['io.bfq.weight', '50'],
      ['io.bfq.weight', '7:0 1000'],
      ['io.bfq.weight', '7:1 default'],
    ];
    expect(rewritten(ioSettings, limits, {})).toEqual(cost);
    expect(rewritten(ioSettings, limits, { 'io.weight': 'default 100' })).toEqual(cost);
    expect(rewritten(ioSettings, limits, { 'io.bfq.weight': 'default 100' })).toEqual(bfq);
    // Only one of the two is in charge of a disk, and the other refuses it.
    expect(rewritten(ioSettings, limits, { 'io.weight': '', 'io.bfq.weight': '' })).toEqual([
      ['io.weight', '50'],
      ['io.bfq.weight', '50'],
      ['limit /estiba/x: write 7:0 10000 to io.weight or 7:0 1000 to io.bfq.weight'],
      ['limit /estiba/x: write 7:1 default to io.weight or 7:1 default to io.bfq.weight'],
    ]);
  });

  test('a weight of bfq goes there as it is, and else becomes one of io.weight', () => {
    const limits = check({ bfqWeight: 500, bfqDeviceWeights: [{ device: '7:0', weight: 1_000 }] });
    expect(rewritten(ioSettings, limits, { 'io.weight': '', 'io.bfq.weight': '' })).toEqual([
      ['io.bfq.weight', '500'],
      ['io.bfq.weight', '7:0 1000'],
    ]);
    expect(rewritten(ioSettings, limits, { 'io.weight': '' })).toEqual([
      ['io.weight', '4950'],
      ['io.weight', '7:0 10000'],
    ]);
  });
});

test('io.stat is read with all that it says, and disks that say nothing are left out', () => {
  const text = [
    '8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0',
    '8:0 rbytes=90430464 wbytes=299008000 rios=8950 wios=1252 dbytes=50331648 dios=3021 cost.vrate=100.25 depth=max',
    '7:0 ',
  ].join('\n');
  const first = { readBytes: 1_459_200, writeBytes: 314_773_504, readOps: 192, writeOps: 353 };
  const second = { readBytes: 90_430_464, writeBytes: 299_008_000, readOps: 8_950, writeOps: 1_252 };
  expect(parseIoStat(text)).toEqual([
    { device: '8:16', ...first, discardBytes: 0, discardOps: 0, stat: {} },
    {
      device: '8:0',
      ...second,
      discardBytes: 50_331_648,
      discardOps: 3_021,
      stat: { 'cost.vrate': 100.25, depth: Number.POSITIVE_INFINITY },
    },
  ]);
  expect(parseIoStat('')).toEqual([]);
});
