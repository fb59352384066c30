/** One entry of a list of devices, as people write it and as the kernels take it. */
import { invalid, known, wholeBetween } from '../check.ts';

/**
 * What is allowed or denied, as the kernel writes it: `c` for character devices, `b` for block devices, `a` for both;
 * major and minor number, or `*` for all; and any of `r`ead, `w`rite, `m`ake a node (mknod): `'c 1:3 rw'`, `'b 8:*
 * r'`.
 */
export type Device = `${'a' | 'b' | 'c'} ${number | '*'}:${number | '*'} ${string}`;

/** The same as an object; what is left out means all. */
export interface DeviceRule {
  allow: boolean;
  type?: 'char' | 'block' | 'all';
  /** 0 to 4095. */
  major?: number | '*';
  /** 0 to 1048575. */
  minor?: number | '*';
  /** Any of `r`, `w` and `m`. */
  access?: string;
}

export type DeviceType = 'char' | 'block';

/** What both versions of cgroups can work with: one type, and a set of bits. */
export interface CheckedDeviceRule {
  readonly allow: boolean;
  readonly type: DeviceType;
  readonly major: number | '*';
  readonly minor: number | '*';
  readonly access: number;
}

/** In the kernel's bits. */
export const EVERY_ACCESS = 7;

/** Both types are two rules: nothing that follows has to know of a third. */
export function checkRule(rule: DeviceRule, name: string, path: string): CheckedDeviceRule[] {
  known(rule, ['allow', 'type', 'major', 'minor', 'access'], name, path);
  const { allow, type = 'all', access = 'rwm' } = rule;
  if (typeof allow !== 'boolean') throw invalid(`${name}.allow`, allow, 'write true or false', path);
  if (!Object.hasOwn(TYPES, type)) throw invalid(`${name}.type`, type, "write 'char', 'block' or 'all'", path);
  const checked = {
    allow,
    major: checkNumber(rule.major, MOST_MAJOR, `${name}.major`, path),
    minor: checkNumber(rule.minor, MOST_MINOR, `${name}.minor`, path),
    access: checkAccess(access, `${name}.access`, path),
  };
  return TYPES[type].map((each) => ({ ...checked, type: each }));
}

export function checkDevice(text: Device, allow: boolean, name: string, path: string): CheckedDeviceRule[] {
  const [, letter, major, minor, access] = (typeof text === 'string' && PATTERN.exec(text)) || [];
  if (letter === undefined || access === undefined) {
    throw invalid(name, text, "write type, major:minor and access, such as 'c 1:3 rw' or 'b 8:* r'", path);
  }
  const type = letter === 'a' ? 'all' : letter === 'c' ? 'char' : 'block';
  return checkRule({ allow, type, major: fromText(major), minor: fromText(minor), access }, name, path);
}

/** As the kernel writes it in devices.list. */
export function textOf({ type, major, minor, access }: Omit<CheckedDeviceRule, 'allow'>): Device {
  const letters = ['r', 'w', 'm'].filter((letter) => access & bitsOf(letter)).join('');
  return `${type === 'char' ? 'c' : 'b'} ${major}:${minor} ${letters}`;
}

/** The bits of the kernel, DEVCG_ACC_* on v1 and BPF_DEVCG_ACC_* on v2: make a node, read, write. */
export function bitsOf(access: string): number {
  return [...access].reduce((bits, letter) => bits | (BITS[letter] ?? 0), 0);
}

const BITS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const PATTERN = /^([abc]) (\d{1,10}|\*):(\d{1,10}|\*) ([rwm]+)$/;
const TYPES: Record<'char' | 'block' | 'all', DeviceType[]> = {
  char: ['char'],
  block: ['block'],
  all: ['char', 'block'],
};

// dev_t of the kernel has 12 and 20 bits; more would be no device, and the largest number would mean all to v1.
const MOST_MAJOR = 0xfff;
const MOST_MINOR = 0xfffff;

function checkNumber(given: number | '*' | undefined, most: number, name: string, path: string): number | '*' {
  return given === undefined || given === '*' ? '*' : wholeBetween(given, 0, most, name, path);
}

function checkAccess(access: string, name: string, path: string): number {
  if (typeof access !== 'string' || !/^[rwm]+$/.test(access)) {
    throw invalid(name, access, "write one or more of 'r', 'w' and 'm'", path);
  }
  return bitsOf(access);
}

function fromText(number: string | undefined): number | '*' {
  return number === undefined || number === '*' ? '*' : Number(number);
}
