import { type CheckedDeviceRule, type DeviceType, EVERY_ACCESS, textOf } from '../controllers/device-rule.ts';
import { allowedBits, type CheckedDevices, rulesOf } from '../controllers/devices.ts';

/** Devices of one type, of which a list of v1 says the same. */
export type DeviceException = Omit<CheckedDeviceRule, 'allow'>;

/** All that v1 can keep: everything but these, or nothing but these. */
export interface DeviceList {
  readonly allow: boolean;
  readonly exceptions: readonly DeviceException[];
}

interface Cell {
  readonly major: number;
  readonly minor: number;
  /** The bits of access that are exceptions here. */
  readonly bits: number;
}

/**
 * What the rules come to, as v1 can keep it; or the first device for which neither kind of list is exact.
 *
 * Numbers that no rule names are all alike, here -1. So a few cells stand for all devices: (1, 3), (1, any other),
 * (any other, 3), (any other, any other). An exception for `1:*` is exact if it holds in every cell with a 1, and the
 * list is exact if its exceptions cover every cell. An exception has *all* bits that hold in its cells, also those
 * that a wider one has already: the kernel allows reading and writing at once only where one exception has both.
 */
export function deviceList(devices: CheckedDevices): DeviceList | { problem: string } {
  const tables = TYPES.map((type) => ({ type, cells: cellsOf(devices, type) }));
  if (tables.some(({ cells }) => cells.length > MOST_CELLS)) return { problem: 'the rules have too many combinations' };
  const holes: string[] = [];
  for (const allow of [false, true]) {
    const parts = tables.map(({ type, cells }) => exceptionsIn(allow ? cells.map(inverse) : cells, type));
    const hole = parts.find((part) => typeof part === 'string');
    if (hole === undefined) return simplest({ allow, exceptions: parts.flat() as DeviceException[] });
    holes.push(hole as string);
  }
  return {
    problem: `it cannot keep that '${holes[0]}' is allowed and '${holes[1]}' is denied, but not all like these`,
  };
}

/** Which of an exception's bits some of the list allow, or deny, for all of its devices. */
export function bitsFor(exceptions: readonly DeviceException[], wanted: DeviceException): number {
  return exceptions.reduce((bits, each) => (isAmong(wanted, each) ? bits | each.access : bits), 0);
}

const TYPES: readonly DeviceType[] = ['char', 'block'];
const OTHER = -1;
// Each is compared with every other.
const MOST_CELLS = 4096;

/** One for every combination of numbers that the rules can tell apart, with what is allowed there. */
function cellsOf(devices: CheckedDevices, type: DeviceType): Cell[] {
  const relevant = rulesOf(devices, type);
  const numbers = relevant.rules.map(({ major, minor }) => [numberOf(major), numberOf(minor)] as const);
  const majors = new Set(
    numbers.filter(([major, minor]) => major !== OTHER && minor === OTHER).map(([major]) => major),
  );
  const minors = new Set(
    numbers.filter(([major, minor]) => major === OTHER && minor !== OTHER).map(([, minor]) => minor),
  );
  if (majors.size * minors.size > MOST_CELLS) return new Array(MOST_CELLS + 1);
  const crossings = [...majors].flatMap((major) => [...minors].map((minor) => [major, minor] as const));
  const cells = new Map<string, Cell>();
  for (const [major, minor] of [[OTHER, OTHER] as const, ...numbers, ...crossings]) {
    cells.set(`${major}:${minor}`, { major, minor, bits: allowedBits(relevant, type, major, minor) });
  }
  return [...cells.values()];
}

function numberOf(named: number | '*'): number {
  return named === '*' ? OTHER : named;
}

function inverse(cell: Cell): Cell {
  return { ...cell, bits: EVERY_ACCESS & ~cell.bits };
}

/** The exceptions, or the first device that cannot be one without others that are none. */
function exceptionsIn(cells: readonly Cell[], type: DeviceType): DeviceException[] | string {
  const candidates = cells.map((cell) => candidateFor(cell, type, cells));
  const hole = cells.find((cell) => cell.bits & ~bitsFor(candidates, named(cell, type)));
  if (hole !== undefined) return textOf(named(hole, type));
  const isNeeded = (each: DeviceException) =>
    !candidates.some((other) => other !== each && isAmong(each, other) && (each.access & ~other.access) === 0);
  return candidates.filter((each) => each.access !== 0 && isNeeded(each));
}

/** With the bits that hold for everything that it names. */
function candidateFor(cell: Cell, type: DeviceType, cells: readonly Cell[]): DeviceException {
  const exception = named(cell, type);
  const inside = cells.filter((each) => isAmong(named(each, type), exception));
  return { ...exception, access: inside.reduce((bits, each) => bits & each.bits, EVERY_ACCESS) };
}

function named({ major, minor, bits }: Cell, type: DeviceType): DeviceException {
  return { type, major: major === OTHER ? '*' : major, minor: minor === OTHER ? '*' : minor, access: bits };
}

/** Whether all devices of the first are devices of the second. */
function isAmong(some: DeviceException, all: DeviceException): boolean {
  return (
    some.type === all.type &&
    (all.major === '*' || all.major === some.major) &&
    (all.minor === '*' || all.minor === some.minor)
  );
}

/** Nothing but everything is everything. */
function simplest(list: DeviceList): DeviceList {
  const whole = list.exceptions.filter(
    ({ major, minor, access }) => major === '*' && minor === '*' && access === EVERY_ACCESS,
  );
  return !list.allow && whole.length === TYPES.length ? { allow: true, exceptions: [] } : list;
}
