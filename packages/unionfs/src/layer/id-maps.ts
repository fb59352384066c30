/** Who is who in a user namespace. user_namespaces(7), section "User and group ID mappings" */
import { UnionfsError } from '../unionfs-error.ts';

/** `count` ids of the layer from `inside` on become those from `outside` on. */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

export interface IdMaps {
  readonly uid: readonly IdRange[];
  readonly gid: readonly IdRange[];
}

/** The id on the other side; undefined where no range has it. */
export function translated(
  ranges: readonly IdRange[],
  id: number,
  from: 'inside' | 'outside',
  to: 'inside' | 'outside',
): number | undefined {
  const range = ranges.find(({ [from]: first, count }) => id >= first && id < first + count);
  return range === undefined ? undefined : range[to] + (id - range[from]);
}

/** As a user namespace has. user_namespaces(7), section "User and group ID mappings" */
const mostRanges = 340;

/**
 * Throws NAME_INVALID for maps that are none, have more ranges than a user namespace can, or lack root, to whom belongs what no
 * entry describes.
 */
export function checkMaps(maps: IdMaps): void {
  for (const name of ['uid', 'gid'] as const) check(name, maps[name]);
}

/** Whether a text, parsed, is what was written of maps. */
export function isIdMaps(value: unknown): value is IdMaps {
  if (typeof value !== 'object' || value === null) return false;
  const { uid, gid } = value as Partial<Record<string, unknown>>;
  return [uid, gid].every((ranges) => Array.isArray(ranges) && ranges.length > 0 && ranges.every(isObject));
}

/** Whether they say the same, in whatever order. */
export function areSameMaps(one: IdMaps, other: IdMaps): boolean {
  return sorted(one) === sorted(other);
}

/** As a person reads them. */
export function describeMaps({ uid, gid }: IdMaps): string {
  const text = (ranges: readonly IdRange[]) =>
    ranges.map(({ inside, outside, count }) => `${inside} to ${outside} (${count})`).join(', ');
  return `users ${text(uid)}; groups ${text(gid)}`;
}

function check(name: 'uid' | 'gid', ranges: readonly IdRange[]): void {
  const wrong = ranges.find((range) => !isRange(range));
  const why =
    wrong !== undefined
      ? `has a range that is none: ${JSON.stringify(wrong)}`
      : ranges.length > mostRanges
        ? `has ${ranges.length} ranges, the kernel takes ${mostRanges}`
        : isAmbiguous(ranges)
          ? 'has ranges that overlap'
          : translated(ranges, 0, 'inside', 'outside') === undefined
            ? 'has no place for root, 0'
            : undefined;
  if (why === undefined) return;
  throw new UnionfsError('NAME_INVALID', `cannot shift owners: the ${name} map ${why}`);
}

/** The last id is nobody's. */
function isRange({ inside, outside, count }: IdRange): boolean {
  const whole = [inside, outside, count].every((id) => Number.isInteger(id) && id >= 0);
  return whole && count > 0 && inside + count <= 0xffff_ffff && outside + count <= 0xffff_ffff;
}

function isObject(range: unknown): boolean {
  return typeof range === 'object' && range !== null && isRange(range as IdRange);
}

function isAmbiguous(ranges: readonly IdRange[]): boolean {
  return (['inside', 'outside'] as const).some((side) => {
    const inOrder = ranges.toSorted((a, b) => a[side] - b[side]);
    return inOrder.some((range, at) => at > 0 && range[side] < endOf(inOrder[at - 1] as IdRange, side));
  });
}

function endOf(range: IdRange, side: 'inside' | 'outside'): number {
  return range[side] + range.count;
}

function sorted({ uid, gid }: IdMaps): string {
  const numbers = (ranges: readonly IdRange[]) =>
    ranges
      .toSorted((a, b) => a.inside - b.inside)
      .map(({ inside, outside, count }) => [inside, outside, count].join(' '));
  return JSON.stringify([numbers(uid), numbers(gid)]);
}
