import { readFile } from 'node:fs/promises';
import type { CapabilitySets } from './capabilities.ts';
import { type Capability, capabilityName, highestCapability } from './capability-names.ts';

/** What this process, or another, holds. Rejects with Node's own error where /proc has no such process. proc_pid_status(5) */
export async function capabilitiesOf(pid: number | 'self' = 'self'): Promise<Required<CapabilitySets>> {
  return parseCapabilities(await readFile(`/proc/${pid}/status`, 'latin1'));
}

/** The `Cap…` lines of a /proc/PID/status. A line that is missing is an empty set: kernels before 4.3 have no ambient one. */
export function parseCapabilities(status: string): Required<CapabilitySets> {
  return {
    bounding: line(status, 'CapBnd'),
    effective: line(status, 'CapEff'),
    permitted: line(status, 'CapPrm'),
    inheritable: line(status, 'CapInh'),
    ambient: line(status, 'CapAmb'),
  };
}

function line(status: string, key: string): Capability[] {
  const digits = new RegExp(`^${key}:\\s*([0-9a-f]{1,16})$`, 'm').exec(status)?.[1] ?? '0';
  const mask = BigInt(`0x${digits}`);
  const held: Capability[] = [];
  for (let number = 0; number <= highestCapability; number++) {
    if (mask & (1n << BigInt(number))) held.push(capabilityName(number));
  }
  return held;
}
