import type { CheckedLimits, LimitName } from './checked-limits.ts';
import type { Host } from './host.ts';
import type { Hierarchy } from './mountinfo.ts';

/** The hierarchy in which a limit is set; undefined where this host cannot. */
export function homeOf(host: Host, name: LimitName): Hierarchy | undefined {
  for (const controller of controllersOf(name)) {
    const hierarchy = controller === v2 ? host.unified : host.controllers.get(controller);
    if (hierarchy !== undefined) return hierarchy;
  }
  return undefined;
}

/** The controllers that have to be enabled in a v2 hierarchy for these limits. */
export function enabledFor(limits: CheckedLimits): string[] {
  const { unified = {}, devices: _, perfEvent: __, ...others } = limits;
  const ofFiles = Object.keys(unified).map((file) => file.slice(0, file.indexOf('.')));
  return [...new Set([...Object.keys(others), ...ofFiles])].filter((name) => name !== 'cgroup');
}

/** What it is called where; the first that is there is used. */
export function controllersOf(name: LimitName): readonly string[] {
  return names[name] ?? [name];
}

/** What to use where a host has no such controller, and will not have it. */
export function insteadOf(name: LimitName): string | undefined {
  return alternatives[name];
}

/** The v2 tree itself: no controller needs to be enabled. */
const v2 = '';

const names: { readonly [name in LimitName]?: readonly string[] } = {
  io: ['io', 'blkio'],
  // A program on the cgroup does it on v2, in hybrid mode only where v1 does not have it.
  devices: ['devices', v2],
  netCls: ['net_cls'],
  netPrio: ['net_prio'],
  // Every v2 cgroup has it, and no file of it.
  perfEvent: ['perf_event', v2],
  unified: [v2],
};

const byCgroup = 'cgroup v2 has no such controller: match the cgroup itself, with nft `socket cgroupv2`';

const alternatives: { readonly [name in LimitName]?: string } = {
  netCls: `${byCgroup} or iptables \`-m cgroup --path\``,
  netPrio: `${byCgroup} and \`meta priority set\``,
};
