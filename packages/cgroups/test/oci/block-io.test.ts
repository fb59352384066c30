import { describe, expect, test } from 'vitest';
import { ignoredOf, of } from './read.ts';

describe('blockIO', () => {
  test('weights stay those of bfq', () => {
    const weightDevice = [
      { major: 8, minor: 0, weight: 200 },
      { major: 8, minor: 16 },
    ];
    expect(of({ blockIO: { weight: 500, weightDevice } })).toEqual({
      io: { bfqWeight: 500, bfqDeviceWeights: [{ device: '8:0', weight: 200 }] },
    });
    expect(of({ blockIO: { weight: 0, weightDevice: [] } })).toEqual({});
    expect(ignoredOf({ blockIO: { leafWeight: 1, weightDevice: [{ major: 8, minor: 0, leafWeight: 2 }] } })).toEqual([
      'blockIO.weightDevice[0].leafWeight',
      'blockIO.leafWeight',
    ]);
  });

  test('rates are per disk, and 0 is no limit', () => {
    const disk = { major: 8, minor: 0 };
    const blockIO = {
      throttleReadBpsDevice: [{ ...disk, rate: 1_000 }],
      throttleWriteBpsDevice: [{ ...disk, rate: 0 }],
      throttleReadIOPSDevice: [{ ...disk, rate: 10 }],
      throttleWriteIOPSDevice: [{ ...disk, rate: 2 ** 32 }],
    };
    expect(of({ blockIO })).toEqual({
      io: {
        max: [
          { device: '8:0', readBytes: 1_000 },
          { device: '8:0', writeBytes: 'max' },
          { device: '8:0', readOps: 10 },
          { device: '8:0', writeOps: 'max' },
        ],
      },
    });
  });
});
