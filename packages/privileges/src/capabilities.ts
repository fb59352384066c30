import { attempt, label, type Step, syscall } from '@estiba/syscalls';
import { type Capability, capabilityMask, capabilityName, highestCapability } from './capability-names.ts';
import { PrivilegesError } from './errors.ts';
import { prctl } from './prctl.ts';

/** The five sets of capabilities(7). A set that is not given is empty. */
export interface CapabilitySets {
  /** What a program started later can ever get. */
  readonly bounding?: readonly Capability[];
  /** What is checked now. */
  readonly effective?: readonly Capability[];
  /** What may become effective. */
  readonly permitted?: readonly Capability[];
  /** Leave it empty: with file capabilities, which images contain, it hands out more than was meant (CVE-2022-29162). */
  readonly inheritable?: readonly Capability[];
  /** What an ordinary user keeps across execve; each must be permitted and inheritable too. */
  readonly ambient?: readonly Capability[];
}

/** What a container's process gets when one list is given: nothing inheritable, nothing ambient. */
export function capabilitySets(list: readonly Capability[]): Required<CapabilitySets> {
  return { bounding: list, effective: list, permitted: list, inheritable: [], ambient: [] };
}

/**
 * Exactly these capabilities from here on. prctl(2), capset(2)
 *
 * Needs CAP_SETPCAP, unless nothing leaves the bounding set; each permitted capability must be held already. As the last steps with
 * capabilities: what comes after has only these.
 *
 * @throws PrivilegesError `CAPABILITY_UNKNOWN`, `CAPABILITIES_INVALID`
 */
export function capabilities(sets: CapabilitySets): Step[] {
  return [boundingSet(sets.bounding ?? []), ...capabilitySetsWithoutBounding(sets)];
}

/** The bounding set can only be made smaller, and only with CAP_SETPCAP: before the other sets. */
export function boundingSet(list: readonly Capability[]): Step {
  const kept = capabilityMask(list);
  const drops = [];
  for (let number = 0; number <= highestCapability; number++) {
    if (!(kept & (1n << BigInt(number)))) drops.push(prctl('CAPBSET_DROP', number, `drop ${capabilityName(number)}`));
  }
  // In ascending order, so that the first one that the kernel does not have ends it: what is newer than our table goes too.
  return label('limit the capability bounding set', attempt(drops, ['EINVAL']));
}

export function capabilitySetsWithoutBounding(sets: CapabilitySets): Step[] {
  const masks = check(sets);
  return [
    // The ambient set first: capset would not lower it.
    { ...prctl('CAP_AMBIENT', ambient.clearAll), label: 'clear the ambient capabilities' },
    { ...syscall('capset', capsetHeader(), capsetData(masks)), label: 'set the capabilities' },
    ...numbersOf(masks.ambient).map((number) =>
      prctl('CAP_AMBIENT', ambient.raise, `make ${capabilityName(number)} ambient`, number),
    ),
  ];
}

const ambient = { raise: 2, clearAll: 4 };

type Masks = Record<keyof CapabilitySets, bigint>;

// The kernel would refuse these with a bare EPERM, after half of the steps.
function check(sets: CapabilitySets): Masks {
  const masks: Masks = {
    bounding: capabilityMask(sets.bounding ?? []),
    effective: capabilityMask(sets.effective ?? []),
    permitted: capabilityMask(sets.permitted ?? []),
    inheritable: capabilityMask(sets.inheritable ?? []),
    ambient: capabilityMask(sets.ambient ?? []),
  };
  within(masks, 'effective', 'permitted');
  within(masks, 'inheritable', 'bounding');
  within(masks, 'ambient', 'permitted');
  within(masks, 'ambient', 'inheritable');
  return masks;
}

function within(masks: Masks, inner: keyof CapabilitySets, outer: keyof CapabilitySets): void {
  const missing = numbersOf(masks[inner] & ~masks[outer]).map(capabilityName);
  if (missing.length === 0) return;
  throw new PrivilegesError(
    'CAPABILITIES_INVALID',
    `cannot make ${missing.join(', ')} ${inner}: not in the ${outer} set; add to that set too`,
  );
}

function numbersOf(mask: bigint): number[] {
  const found: number[] = [];
  for (let number = 0; number <= highestCapability; number++) if (mask & (1n << BigInt(number))) found.push(number);
  return found;
}

// struct __user_cap_header_struct: version 3, this process
function capsetHeader(): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, 0x20080522, true);
  return bytes;
}

// struct __user_cap_data_struct [2]: the low halves of the three sets, then the high halves
function capsetData(masks: Masks): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  for (const [position, mask] of [masks.effective, masks.permitted, masks.inheritable].entries()) {
    view.setUint32(position * 4, Number(mask & 0xffffffffn), true);
    view.setUint32(position * 4 + 12, Number(mask >> 32n), true);
  }
  return bytes;
}
