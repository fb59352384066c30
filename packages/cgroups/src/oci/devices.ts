import type { DeviceRule } from '../controllers/device-rule.ts';
import type { Reader } from './reader.ts';

/**
 * The rules of the configuration, and after them, so that they win, those for the devices that every container has: runc and
 * crun append the same. What no rule speaks of is denied; where there are no rules at all runc denies too, and crun does not.
 * https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#allowed-device-list
 */
export function devicesOfOci(all: Reader): DeviceRule[] {
  return [...all.list('devices').map(ruleOf), ...EVERY_CONTAINER];
}

function ruleOf(entry: Reader): DeviceRule {
  const type = entry.text('type') ?? 'a';
  const [major, minor] = [entry.number('major', -1), entry.number('minor', -1)];
  const kind = TYPES.get(type) ?? entry.refuse('type', type, "'a', 'b' or 'c'");
  const allow = entry.boolean('allow') ?? false;
  const access = entry.text('access') ?? 'rwm';
  entry.end();
  // Of all devices there is one number only: runc and crun leave those beside `a` out.
  if (kind === 'all') return { allow, type: kind, access };
  return { allow, type: kind, major: numberOf(major), minor: numberOf(minor), access };
}

const TYPES = new Map<string, 'char' | 'block' | 'all'>([
  ['a', 'all'],
  ['b', 'block'],
  ['c', 'char'],
]);

function numberOf(number: number | undefined): number | '*' {
  return number === undefined || number === -1 ? '*' : number;
}

function char(major: number, minor: number | '*'): DeviceRule {
  return { allow: true, type: 'char', major, minor, access: 'rwm' };
}

/** https://github.com/containers/crun/blob/main/src/libcrun/cgroup-resources.c (default_devices) */
const EVERY_CONTAINER: readonly DeviceRule[] = [
  // Making a node is not opening it.
  { allow: true, type: 'all', access: 'm' },
  char(1, 3), // null
  char(1, 5), // zero
  char(1, 7), // full
  char(1, 8), // random
  char(1, 9), // urandom
  char(5, 0), // tty
  char(5, 1), // console
  char(5, 2), // ptmx
  char(136, '*'), // pts/*
  char(10, 200), // net/tun
];
