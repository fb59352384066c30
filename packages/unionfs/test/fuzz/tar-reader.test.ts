/** The reader, given archives that chance has changed. */
import { describe, expect, it } from 'vitest';
import { UnionfsError } from '../../src/unionfs-error.ts';
import { type Collected, collect } from '../tar/collect.ts';
import { corpus } from './corpus.ts';
import { mutated } from './mutations.ts';
import { cases, patience } from './random.ts';
import { restyled } from './restyling.ts';

/** Milliseconds, of which no archive of a few hundred kilobytes needs more than a few. */
const limit = 3000;

describe('an archive changed by chance', { timeout: patience }, () => {
  it('is refused, or is a list of entries that hold together', async () => {
    const bases = await corpus();
    const outcomes = { refused: 0, read: 0 };
    for (const { name, random } of cases(800)) {
      const bytes = mutated(random.pick(bases), random);
      const start = performance.now();
      const whole = outcome(bytes, bytes.length || 1);
      expect(performance.now() - start, `time of ${name}`).toBeLessThan(limit);
      if (Array.isArray(whole)) verify(whole, bytes, name);
      // In pieces it is the same, or fails for the same reason.
      const pieces = random.pick([1 + random.below(600), 1 + random.below(5000)]);
      expect(outcome(bytes, pieces), `${name} in pieces of ${pieces}`).toEqual(whole);
      outcomes[Array.isArray(whole) ? 'read' : 'refused'] += 1;
    }
    // Chance must do something, and not only damage.
    expect(Math.min(outcomes.refused, outcomes.read)).toBeGreaterThan((outcomes.refused + outcomes.read) / 10);
  });

  it('in what means nothing is the same list of entries', async () => {
    const bases = await corpus();
    for (const { name, random } of cases(200)) {
      const base = random.pick(bases);
      const bytes = restyled(base, random);
      expect(outcome(bytes, 1 + random.below(5000)), name).toEqual(outcome(base, base.length));
    }
  });
});

/** The entries without their place in the archive, which what means nothing moves; or why it is refused. */
function outcome(bytes: Buffer, pieces: number): Omit<Collected, 'position'>[] | string {
  try {
    return collect(bytes, pieces).map(({ position, ...entry }) => {
      expect(bytes.subarray(position, position + entry.stored).equals(entry.content)).toBe(true);
      return entry;
    });
  } catch (error) {
    if (!(error instanceof UnionfsError)) throw error;
    expect(error.code).toBe('LAYER_INVALID');
    return error.message;
  }
}

function verify(entries: readonly Omit<Collected, 'position'>[], bytes: Buffer, what: string): void {
  expect(entries.length, what).toBeLessThanOrEqual(bytes.length / 512);
  for (const { type, size, stored, content, extents, uid, gid, mtime, name, link, xattrs } of entries) {
    expect(content.length, what).toBe(stored);
    if (extents === undefined) expect(size, what).toBe(stored);
    if (type !== 'file') expect([size, extents], what).toEqual([0, undefined]);
    let end = 0;
    let sum = 0;
    for (const { offset, length } of extents ?? []) {
      expect(offset >= end && length > 0, what).toBe(true);
      end = offset + length;
      sum += length;
    }
    if (extents !== undefined) expect([sum, end <= size], what).toEqual([stored, true]);
    expect(
      [uid, gid].every((id) => Number.isInteger(id) && id >= 0 && id < 0xffffffff),
      what,
    ).toBe(true);
    expect(Number.isSafeInteger(mtime.seconds) && mtime.nanoseconds >= 0 && mtime.nanoseconds < 1e9, what).toBe(true);
    expect(name.includes(0) || link.includes(0), what).toBe(false);
    for (const [key, value] of xattrs) expect(key.length <= 255 && value.length <= 65536, what).toBe(true);
  }
}
