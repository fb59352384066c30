import type { CheckedDeviceRule } from './controllers/device-rule.ts';
import { type CheckedDevices, checkDevices, type DevicesLimits } from './controllers/devices.ts';

/**
 * A list of devices in words, a line for each rule. Throws `LIMIT_INVALID`.
 *
 *     every device is denied, but
 *     allowed: read and write character device 1:3 (null)
 */
export function explainDevices(devices: DevicesLimits): string {
  return explainRules(checkDevices(devices, 'a cgroup'));
}

export function explainRules({ allow, rules }: CheckedDevices): string {
  if (rules.length === 0) return `every device is ${allow ? 'allowed' : 'denied'}`;
  const mixed = rules.some((rule) => rule.allow === allow);
  const head = `every device is ${allow ? 'allowed' : 'denied'}, but${mixed ? ' (the last line that fits decides)' : ''}`;
  return [head, ...rules.map(inWords)].join('\n');
}

function inWords({ allow, type, major, minor, access }: CheckedDeviceRule): string {
  const verbs = VERBS.filter(([bit]) => access & bit).map(([, verb]) => verb);
  const list = [verbs.slice(0, -1).join(', '), verbs.at(-1)].filter(Boolean).join(' and ');
  const kind = type === 'char' ? 'character' : 'block';
  const name = type === 'char' ? NAMES[`${major}:${minor}`] : undefined;
  const which = major === '*' && minor === '*' ? `any ${kind} device` : `${kind} device ${major}:${minor}`;
  return `${allow ? 'allowed' : 'denied'}: ${list} ${which}${name === undefined ? '' : ` (${name})`}`;
}

const VERBS = [
  [2, 'read'],
  [4, 'write'],
  [1, 'make'],
] as const;

// https://docs.kernel.org/admin-guide/devices.html
const NAMES: Readonly<Record<string, string>> = {
  '1:1': 'mem',
  '1:3': 'null',
  '1:5': 'zero',
  '1:7': 'full',
  '1:8': 'random',
  '1:9': 'urandom',
  '1:11': 'kmsg',
  '5:0': 'tty',
  '5:1': 'console',
  '5:2': 'ptmx',
  '10:200': 'net/tun',
  '10:229': 'fuse',
  '10:232': 'kvm',
  '136:*': 'pts',
};
