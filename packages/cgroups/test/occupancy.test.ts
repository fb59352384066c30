import { expect, test } from 'vitest';
import { Occupancy } from '../src/occupancy.ts';

test('who comes and goes between two looks is known by the CPU time', () => {
  const occupancy = new Occupancy();
  expect(occupancy.see(false, 0)).toEqual([
    ['populated', 0],
    ['empty', 0],
  ]);
  expect(occupancy.see(false, 900)).toEqual([
    ['populated', 1],
    ['empty', 1],
  ]);
  expect(occupancy.see(false, 900)).toEqual([
    ['populated', 1],
    ['empty', 1],
  ]);
});

test('the last of who has been seen to go is nobody new', () => {
  const occupancy = new Occupancy();
  occupancy.see(true, 0);
  expect(occupancy.see(false, 5_000)).toEqual([
    ['populated', 0],
    ['empty', 1],
  ]);
  expect(occupancy.see(false, 5_060)).toEqual([
    ['populated', 0],
    ['empty', 1],
  ]);
});

test('where no CPU time is counted the state alone is told', () => {
  const occupancy = new Occupancy();
  occupancy.see(false, Number.NaN);
  expect(occupancy.see(false, Number.NaN)).toEqual([
    ['populated', 0],
    ['empty', 0],
  ]);
  expect(occupancy.see(true, Number.NaN)).toEqual([
    ['populated', 1],
    ['empty', 0],
  ]);
});
