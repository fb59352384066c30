import { invalid, known } from '../check.ts';
import {
  type CheckedDeviceRule,
  checkDevice,
  checkRule,
  type Device,
  type DeviceRule,
  type DeviceType,
  EVERY_ACCESS,
} from './device-rule.ts';

/**
 * Which device nodes may be opened and made, in one of four ways:
 *
 * - `{ allow: [...containerDevices, 'c 10:229 rw'] }`: nothing but these
 * - `{ deny: ['b *:* rwm'] }`: everything but these
 * - `{ default: 'deny', rules: [...] }`: in order; of the rules that speak of an access the last one decides, as in
 *   `linux.resources.devices` of the OCI. `default` is what holds where no rule speaks, `'deny'` unless told.
 * - `'max'`: no limit of its own; what the cgroups above deny stays denied
 *
 * Whoever reads and writes at once needs both to be allowed, whether by one rule or by two. The list replaces the one
 * before. Who has a device open already keeps it. At most 512 rules.
 *
 * v2: an eBPF program of ours is attached to the cgroup; those that others attached stay and have to agree. It takes
 * root of the initial user namespace (CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN). It is exchanged in one step
 * (before Linux 5.6 both are in force for a moment).
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#device-controller
 *
 * v1: devices.allow and devices.deny, with CAP_SYS_ADMIN. The kernel keeps *either* what is allowed *or* what is
 * denied: a list that needs both is `CONTROLLER_UNAVAILABLE`. A cgroup above has to allow what this one is to allow,
 * else `CGROUP_DENIED`. To change to a list of what is denied, or between the two, no cgroup may be below
 * (`CGROUP_BUSY`), and between two writes all that the parent allows is allowed: freeze() first where processes could
 * use that moment.
 * https://docs.kernel.org/admin-guide/cgroup-v1/devices.html
 */
export type DevicesLimits =
  | 'max'
  | { allow: readonly Device[] }
  | { deny: readonly Device[] }
  | { default?: 'allow' | 'deny'; rules: readonly DeviceRule[] };

export interface CheckedDevices {
  /** What holds where no rule speaks. */
  readonly allow: boolean;
  /** Later ones win, for each bit of access. */
  readonly rules: readonly CheckedDeviceRule[];
}

export function checkDevices(given: DevicesLimits, path: string): CheckedDevices {
  if (given === 'max') return { allow: true, rules: [] };
  known(given, KEYS, 'devices', path);
  const ways = ['allow', 'deny', 'rules'].filter((key) => Object.hasOwn(given, key));
  if (ways.length !== 1) throw invalid('devices', given, `write 'max' or one of allow, deny and rules`, path);
  const checked = 'rules' in given ? checkRules(given, path) : checkList(given, path);
  if (checked.rules.length <= MOST) return checked;
  throw invalid('devices', `${checked.rules.length} rules`, `at most ${MOST}; those for both types count twice`, path);
}

/** What may be done with a device, in bits; -1 is a number that no rule names. */
export function allowedBits({ allow, rules }: CheckedDevices, type: DeviceType, major: number, minor: number): number {
  return rules.reduce(
    (bits, rule) => (!applies(rule, type, major, minor) ? bits : rule.allow ? bits | rule.access : bits & ~rule.access),
    allow ? EVERY_ACCESS : 0,
  );
}

/**
 * The rules of one type that matter, and what holds where none does: an all-embracing one makes those before it void.
 */
export function rulesOf({ allow, rules }: CheckedDevices, type: DeviceType): CheckedDevices {
  const ofType = rules.filter((rule) => rule.type === type);
  const last = ofType.findLastIndex(isAllEmbracing);
  return { allow: ofType[last]?.allow ?? allow, rules: ofType.slice(last + 1) };
}

/** Whether nothing is denied by any rule that matters. */
export function isUnlimited(devices: CheckedDevices): boolean {
  return TYPES.every((type) => {
    const { allow, rules } = rulesOf(devices, type);
    return allow && rules.every((rule) => rule.allow);
  });
}

const TYPES: readonly DeviceType[] = ['char', 'block'];
const KEYS = ['allow', 'deny', 'default', 'rules'];
const MOST = 512;

function checkRules({ default: usual, rules }: { default?: string; rules: readonly DeviceRule[] }, path: string) {
  if (usual !== undefined && usual !== 'allow' && usual !== 'deny') {
    throw invalid('devices.default', usual, "write 'allow' or 'deny'", path);
  }
  if (!Array.isArray(rules)) throw invalid('devices.rules', rules, 'write a list of rules', path);
  const checked = rules.flatMap((rule, index) => checkRule(rule, `devices.rules[${index}]`, path));
  return { allow: usual === 'allow', rules: checked };
}

function checkList(given: { allow?: readonly Device[]; deny?: readonly Device[]; default?: unknown }, path: string) {
  const key = given.allow === undefined ? 'deny' : 'allow';
  if (given.default !== undefined) {
    throw invalid('devices.default', given.default, `with ${key} it is clear; it belongs to rules`, path);
  }
  const list = given[key];
  if (!Array.isArray(list)) throw invalid(`devices.${key}`, list, "write a list such as ['c 1:3 rw']", path);
  const rules = list.flatMap((each: Device, index) =>
    checkDevice(each, key === 'allow', `devices.${key}[${index}]`, path),
  );
  return { allow: key === 'deny', rules };
}

function applies(rule: CheckedDeviceRule, type: DeviceType, major: number, minor: number): boolean {
  return rule.type === type && matches(rule.major, major) && matches(rule.minor, minor);
}

function matches(named: number | '*', number: number): boolean {
  return named === '*' || named === number;
}

function isAllEmbracing({ major, minor, access }: CheckedDeviceRule): boolean {
  return major === '*' && minor === '*' && access === EVERY_ACCESS;
}
