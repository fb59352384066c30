import { expect } from 'vitest';
import type { Cgroup } from '../src/index.ts';
import { type Inside, startInside } from './inside.ts';

const MiB = 1024 ** 2;

/** Keeps so much in memory until it is killed: text, since zswap takes pages of one number for nothing. */
export async function hold(group: Cgroup, mebibytes: number): Promise<Inside> {
  expect((await group.stat()).memory.max).toBeLessThanOrEqual(64 * MiB);
  const text = `(yes estiba | head -c ${mebibytes}M; exec sleep 60) | exec tail -c ${mebibytes}M`;
  const holder = await startInside(group, 'sh', '-c', text);
  holder.go();
  return holder;
}

export async function swapped(group: Cgroup): Promise<number> {
  return (await group.stat()).memory.swap.current;
}
