import { textOf } from './controllers/device-rule.ts';
import { explainRules } from './explain-devices.ts';
import { type Place, placeOf, unifiedPlace } from './place.ts';
import { readDeviceList } from './v1/devices.ts';
import { readPrograms } from './v2/devices.ts';

/** What decides about devices in one cgroup; the cgroups above decide as well. */
export interface DevicesInForce {
  /**
   * v1: what is allowed, as devices.list has it; `a *:* rwm` for all but what was denied, which the kernel does not
   * tell.
   */
  list?: readonly string[];
  /** v2: the programs of this cgroup, which all have to agree; ours are called `estiba_devices`. */
  programs?: readonly { id: number; name: string }[];
  /** The same in words. */
  explanation: string;
}

/** Reading the programs of v2 takes CAP_SYS_ADMIN in the initial user namespace. */
export function readDevicesInForce(places: readonly Place[], path: string): DevicesInForce {
  const v1 = placeOf(places, 'devices');
  if (v1 !== undefined) return ofV1(v1.directory);
  const v2 = unifiedPlace(places);
  return v2 === undefined ? { explanation: 'it has no limits of devices' } : ofV2(v2.directory, path);
}

function ofV1(directory: string): DevicesInForce {
  const { allow, exceptions } = readDeviceList(directory);
  if (allow) {
    const explanation =
      'every device is allowed, but those that were denied here or above; the kernel does not list them';
    return { list: ['a *:* rwm'], explanation };
  }
  const rules = exceptions.map((each) => ({ ...each, allow: true }));
  return { list: exceptions.map(textOf), explanation: explainRules({ allow: false, rules }) };
}

function ofV2(directory: string, path: string): DevicesInForce {
  const programs = readPrograms(directory, path);
  const names = programs.map(({ id, name }) => `${id} (${name || 'without a name'})`).join(', ');
  return { programs, explanation: names === '' ? 'it has no program for devices' : `these programs decide: ${names}` };
}
