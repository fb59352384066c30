import type { CapabilitySets } from './capabilities.ts';
import { type Capability, capabilityNumber } from './capability-names.ts';

/**
 * What of the wanted capabilities can be given by somebody who holds `held` (see `capabilitiesOf`), and what cannot: capset(2) refuses
 * all for one that is not permitted, and even root may lack some, e.g. in a container. The runtime-spec asks to warn and go on.
 *
 * @throws PrivilegesError `CAPABILITY_UNKNOWN`
 */
export function grantableCapabilities(
  wanted: CapabilitySets,
  held: CapabilitySets,
): { readonly sets: Required<CapabilitySets>; readonly missing: readonly Capability[] } {
  const permitted = new Set((held.permitted ?? []).map(capabilityNumber));
  const isHeld = (name: Capability) => permitted.has(capabilityNumber(name));
  const { bounding = [], effective = [], permitted: asked = [], inheritable = [], ambient = [] } = wanted;
  const all = new Set([...bounding, ...effective, ...asked, ...inheritable, ...ambient]);
  return {
    sets: {
      bounding: bounding.filter(isHeld),
      effective: effective.filter(isHeld),
      permitted: asked.filter(isHeld),
      inheritable: inheritable.filter(isHeld),
      ambient: ambient.filter(isHeld),
    },
    missing: [...all].filter((name) => !isHeld(name)),
  };
}
