import { expect, test } from 'vitest';
import { CgroupError, watchSystemPressure } from '../src/index.ts';
import { parsePressure, pressureFile } from '../src/pressure.ts';

test('both lines of pressure are read', () => {
  const text =
    'some avg10=1.50 avg60=0.20 avg300=0.03 total=1780187\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1168915';
  expect(parsePressure(text)).toEqual({
    some: { avg10: 1.5, avg60: 0.2, avg300: 0.03, totalMicros: 1780187 },
    full: { avg10: 0, avg60: 0, avg300: 0, totalMicros: 1168915 },
  });
});

test('a line that the kernel does not have is NaN', () => {
  const { some, full } = parsePressure('full avg10=0.00 avg60=0.00 avg300=0.00 total=3');
  expect(some).toEqual({ avg10: Number.NaN, avg60: Number.NaN, avg300: Number.NaN, totalMicros: Number.NaN });
  expect(full.totalMicros).toBe(3);
});

test('a resource without pressure, and a host without it, are refused by name', () => {
  expect(() => pressureFile([], '/estiba/x', 'disk' as 'io')).toThrow(
    expect.objectContaining({ code: 'LIMIT_INVALID' }),
  );
  expect(() => pressureFile([], '/estiba/x', 'io')).toThrow(
    expect.objectContaining({ code: 'CONTROLLER_UNAVAILABLE', path: '/estiba/x' }),
  );
});

test('a trigger that the kernel cannot mean is refused before it is asked', () => {
  const usual = { kind: 'some', stallMicros: 100_000, windowMicros: 2_000_000 } as const;
  for (const odd of [
    { kind: 'most' as 'some' },
    { stallMicros: 0 },
    { stallMicros: 2_000_001 },
    { windowMicros: 499_999 },
    { windowMicros: 10_000_001 },
    { windowMicros: Number.NaN },
  ]) {
    expect(() => watchSystemPressure('memory', { ...usual, ...odd })).toThrow(CgroupError);
  }
});
