import { invalid, isPlain, wholeBetween } from '../check.ts';

/** The priority of packets by network interface: `{ eth0: 5 }`. 0 is the default. */
export type NetPrioLimits = Readonly<Record<string, number>>;

export function checkNetPrio(priorities: NetPrioLimits, path: string): NetPrioLimits {
  if (!isPlain(priorities)) {
    throw invalid('net_prio.ifpriomap', priorities, 'write an object such as { eth0: 5 }', path);
  }
  for (const [name, priority] of Object.entries(priorities)) {
    // dev_valid_name() in the kernel's net/core/dev.c
    if (name.length > 15 || !/^[^\s/:\0]+$/.test(name) || name === '.' || name === '..') {
      throw invalid('net_prio.ifpriomap', name, 'it is no name of a network interface', path);
    }
    wholeBetween(priority, 0, 2 ** 32 - 1, `net_prio.ifpriomap ${name}`, path);
  }
  return priorities;
}
