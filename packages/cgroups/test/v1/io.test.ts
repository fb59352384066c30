import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkIo, type IoLimits } from '../../src/controllers/io.ts';
import { ioSettings, readIo } from '../../src/v1/io.ts';
import { rewritten, written } from '../written.ts';

const check = (io: IoLimits) => checkIo(io, '/estiba/x');

describe('io on v1', () => {
  test('each rate of each disk has a file, and 0 lifts', () => {
    const max: IoLimits['max'] = [
      { device: '7:0', readBytes: 1_000, writeBytes: 'max', readOps: 10, writeOps: 'max' },
      { device: '7:1', writeBytes: 2_000 },
    ];
    expect(written(ioSettings, check({ max }))).toEqual([
      ['blkio.throttle.read_bps_device', '7:0 1000'],
      ['blkio.throttle.write_bps_device', '7:0 0'],
      ['blkio.throttle.read_iops_device', '7:0 10'],
      ['blkio.throttle.write_iops_device', '7:0 0'],
      ['blkio.throttle.write_bps_device', '7:1 2000'],
    ]);
  });

  const deviceWeights = [
    { device: '7:0', weight: 10_000 },
    { device: '7:1', weight: 'default' as const },
  ];

  test('a weight goes to the file that the kernel has, in its scale', () => {
    const limits = check({ weight: 200, deviceWeights });
    expect(rewritten(ioSettings, limits, { 'blkio.bfq.weight': '100' })).toEqual([
      ['blkio.bfq.weight', '109'],
      ['blkio.bfq.weight_device', '7:0 1000'],
      ['blkio.bfq.weight_device', '7:1 default'],
    ]);
    expect(rewritten(ioSettings, limits, { 'blkio.weight': '500' })).toEqual([
      ['blkio.weight', '1000'],
      ['blkio.weight_device', '7:0 1000'],
      ['blkio.weight_device', '7:1 0'],
    ]);
  });

  test('a weight of bfq, which is what OCI has, is written as it is', () => {
    const limits = check({ bfqWeight: 300 });
    expect(rewritten(ioSettings, limits, { 'blkio.weight': '500' })).toEqual([['blkio.weight', '300']]);
    expect(rewritten(ioSettings, limits, { 'blkio.bfq.weight': '100' })).toEqual([['blkio.bfq.weight', '300']]);
  });

  test('refuses a latency, which v1 does not have, and says what it has', () => {
    expect(() => written(ioSettings, check({ latency: [{ device: '7:0', target: 100 }] }))).toThrow(
      expect.objectContaining({
        code: 'CONTROLLER_UNAVAILABLE',
        message: expect.stringMatching(/cgroup v1 has no such limit; use io.max/),
      }),
    );
    expect(written(ioSettings, check({ latency: [{ device: '7:0', target: 'max' }], priorityClass: 'idle' }))).toEqual([
      ['blkio.prio.class', 'idle'],
    ]);
  });
});

describe('the counters of v1', () => {
  const bytes = [
    '7:0 Read 4096',
    '7:0 Write 8192',
    '7:0 Sync 4096',
    '7:0 Async 8192',
    '7:0 Discard 0',
    '7:0 Total 12288',
  ];
  const ops = ['7:0 Read 1', '7:0 Write 2', '7:0 Sync 1', '7:0 Async 2', '7:0 Discard 0', '7:0 Total 3', 'Total 3'];
  const counted = { device: '7:0', readBytes: 4_096, writeBytes: 8_192, readOps: 1, writeOps: 2, stat: {} };

  const read = (files: Record<string, string>) => {
    const directory = mkdtempSync(join(tmpdir(), `estiba-${process.pid}-blkio-`));
    try {
      for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), `${text}\n`);
      return readIo(directory);
    } finally {
      rmSync(directory, { recursive: true });
    }
  };

  test('are those with all cgroups below, where the kernel has them', () => {
    expect(
      read({
        'blkio.throttle.io_service_bytes': 'Total 0',
        'blkio.throttle.io_serviced': 'Total 0',
        'blkio.throttle.io_service_bytes_recursive': [...bytes, 'Total 12288'].join('\n'),
        'blkio.throttle.io_serviced_recursive': ops.join('\n'),
      }),
    ).toEqual([{ ...counted, discardBytes: 0, discardOps: 0 }]);
  });

  test('are its own on old kernels, and NaN is what those do not count', () => {
    expect(
      read({
        'blkio.throttle.io_service_bytes': bytes.filter((line) => !line.includes('Discard')).join('\n'),
        'blkio.throttle.io_serviced': ops.filter((line) => !line.includes('Discard')).join('\n'),
      }),
    ).toEqual([{ ...counted, discardBytes: Number.NaN, discardOps: Number.NaN }]);
  });
});
