import type { Fd } from '@estiba/syscalls';
import { expect, test } from 'vitest';
import { openOurs } from '../../src/v2/devices.ts';

/** Programs by number, as descriptors that know whether they were closed. */
function programs(names: readonly string[]) {
  const closed: number[] = [];
  const open = (id: number) => ({ number: id, close: () => closed.push(id) }) as unknown as Fd;
  const nameOf = ({ number }: Fd) => {
    const name = names[number];
    if (name === undefined) throw new Error('EMFILE');
    return name;
  };
  return { closed, open, nameOf };
}

test('of the programs of a cgroup ours stay open, and those of others do not', () => {
  const { closed, open, nameOf } = programs(['sd_devices', 'estiba_devices', '', 'estiba_devices']);
  expect(openOurs([0, 1, 2, 3], open, nameOf).map(({ number }) => number)).toEqual([1, 3]);
  expect(closed).toEqual([0, 2]);
});

test('when one cannot be opened in the middle, none stays open', () => {
  const { closed, open, nameOf } = programs(['estiba_devices', 'sd_devices']);
  expect(() => openOurs([0, 1, 2], open, nameOf)).toThrow('EMFILE');
  expect(closed.sort()).toEqual([0, 1, 2]);
});
