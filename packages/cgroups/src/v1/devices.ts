import { dirname } from 'node:path';
import { CgroupError } from '../cgroup-error.ts';
import { readControl } from '../control-file.ts';
import type { Controller } from '../controller.ts';
import { bitsOf, type DeviceType, textOf } from '../controllers/device-rule.ts';
import type { CheckedDevices } from '../controllers/devices.ts';
import type { FileSetting } from '../setting.ts';
import { bitsFor, type DeviceException, type DeviceList, deviceList } from './device-list.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v1/devices.html */
export const devicesSettings: Controller<CheckedDevices> = (devices, { path, directory, fresh }) => {
  const wanted = deviceList(devices);
  if ('problem' in wanted) throw inexpressible(wanted.problem, path);
  // A new one is as the one above it.
  const isUnlimited = wanted.allow && wanted.exceptions.length === 0;
  if (isUnlimited) return fresh ? [] : exchange(readDeviceList(directory), readDeviceList(dirname(directory)));
  return exchange(fresh ? NEW : readDeviceList(directory), wanted);
};

/** What the kernel shows: where everything is allowed, it keeps to itself what is denied all the same. */
export function readDeviceList(directory: string): DeviceList {
  return parseDeviceList(readControl(directory, 'devices.list'));
}

export function parseDeviceList(text: string): DeviceList {
  const lines = text.split('\n').filter(Boolean);
  if (lines.some((line) => line.startsWith('a'))) return { allow: true, exceptions: [] };
  return { allow: false, exceptions: lines.map(parseLine) };
}

/**
 * The writes that lead from one list to another. From one of what is allowed to another, what both allow is allowed
 * at every moment, and what neither allows at none; other ways begin with all or nothing, as there is no way around
 * it.
 */
export function exchange(inForce: DeviceList, wanted: DeviceList): FileSetting[] {
  if (wanted.allow) return [allow('a'), ...wanted.exceptions.map((each) => deny(textOf(each)))];
  if (inForce.allow) return [deny('a'), ...wanted.exceptions.map((each) => allow(textOf(each)))];
  const [old, next] = [inForce.exceptions, wanted.exceptions];
  return [
    // Parts of what is allowed get their own line, so that the line they belong to can go.
    ...next.flatMap((each) => write(allow, each, each.access & bitsFor(old, each) & ~ownBits(old, each))),
    ...old.flatMap((each) => write(deny, each, each.access & ~bitsFor(next, each))),
    ...next.flatMap((each) => write(allow, each, each.access & ~bitsFor(old, each))),
  ];
}

// An exception more or less is fewer than all: a new cgroup begins with what the one above it has.
const NEW: DeviceList = { allow: true, exceptions: [] };

function write(how: typeof allow, exception: DeviceException, access: number): FileSetting[] {
  return access === 0 ? [] : [how(textOf({ ...exception, access }))];
}

function allow(value: string): FileSetting {
  return { file: 'devices.allow', value };
}

function deny(value: string): FileSetting {
  return { file: 'devices.deny', value };
}

/** What a list has for exactly these devices. */
function ownBits(exceptions: readonly DeviceException[], { type, major, minor }: DeviceException): number {
  const same = exceptions.find((each) => each.type === type && each.major === major && each.minor === minor);
  return same?.access ?? 0;
}

function parseLine(line: string): DeviceException {
  const [letter, numbers = '', access = ''] = line.split(' ');
  const [major, minor] = numbers.split(':').map((number) => (number === '*' ? '*' : Number(number)));
  const type: DeviceType = letter === 'c' ? 'char' : 'block';
  return { type, major: major ?? '*', minor: minor ?? '*', access: bitsOf(access) };
}

function inexpressible(problem: string, path: string): CgroupError {
  const rule = 'cgroup v1 keeps either what is allowed or what is denied';
  const message = `cannot limit devices of ${path}: ${rule}, and ${problem}; name the devices one by one, or use cgroup v2`;
  return new CgroupError('CONTROLLER_UNAVAILABLE', message, { path, file: 'devices' });
}
