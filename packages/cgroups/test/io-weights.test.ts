import { expect, test } from 'vitest';
import { bfqOf, cfqOf, weightOfBfq } from '../src/io-weights.ts';

test.each([
  [10, 1],
  [11, 11],
  [100, 910],
  [500, 4_950],
  [1_000, 10_000],
  // What OCI does not know.
  [1, 1],
])('an OCI weight of %d is an io.weight of %d', (oci, weight) => {
  expect(weightOfBfq(oci)).toBe(weight);
});

test.each([
  [1, 1, 10],
  [100, 100, 500],
  [200, 109, 1_000],
  [5_050, 550, 1_000],
  [10_000, 1_000, 1_000],
])('an io.weight of %d is %d for bfq and %d for cfq', (weight, bfq, cfq) => {
  expect(bfqOf(weight)).toBe(bfq);
  expect(cfqOf(weight)).toBe(cfq);
});
