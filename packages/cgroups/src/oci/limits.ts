import { parseBytes } from '../bytes.ts';
import type { HugetlbLimits, PageSize } from '../controllers/hugetlb.ts';
import type { RdmaResources } from '../controllers/rdma.ts';
import type { Limits } from '../limits.ts';
import { ioOfOci } from './block-io.ts';
import { cpuOfOci } from './cpu.ts';
import { devicesOfOci } from './devices.ts';
import { memoryOfOci } from './memory.ts';
import { type OciIgnored, Reader } from './reader.ts';
import type { OciResources } from './resources.ts';

export interface OciOptions {
  /** Under which the host has the controllers (`detectCgroups()`). */
  version: 1 | 2;
  /** For a container that is running: devices stay as they are, as with `runc update`. `false` unless told. */
  update?: boolean;
}

export interface OciLimits {
  limits: Limits;
  /** What was not followed: keys that nobody knows, and those that this version of cgroups has no file for. */
  ignored: readonly OciIgnored[];
  /** An update that sets less memory than is in use (`stat().memory.current`) is to be refused. */
  checkBeforeUpdate: boolean;
}

/**
 * `linux.resources` of an OCI configuration as limits, with the conversions of runc and crun; what those two do differently
 * is as in runc. For v1, shares stay what they are, and some limits exist there alone. What only v2 can do (`unified`) or only
 * v1 (`network`) is left in, and fails when it is set: nobody should run without a limit that was asked for.
 *
 * A new container is always limited to the devices that every container has and those that the rules allow, also without
 * rules or without `linux.resources` (undefined). Who has not the rights for it, as rootless runtimes, leaves `devices` out of
 * the limits.
 * https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#control-groups
 *
 * @throws CgroupError `LIMIT_INVALID`: a value of another kind, or one that contradicts another
 */
export function limitsOfOci(resources: OciResources | undefined, { version, update = false }: OciOptions): OciLimits {
  const ignored: OciIgnored[] = [];
  const all = new Reader('', resources ?? {}, ignored);
  if (update) all.ignore('devices', 'an update leaves devices as they are');
  const { memory, checkBeforeUpdate } = memoryOfOci(all.object('memory'), version);
  const limits: Limits = {
    memory,
    ...cpuOfOci(all.object('cpu'), version),
    ...pidsOf(all.object('pids')),
    io: ioOfOci(all.object('blockIO')),
    ...hugetlbOf(all.list('hugepageLimits')),
    ...rdmaOf(all),
    ...networkOf(all.object('network')),
    ...(!update && { devices: { rules: devicesOfOci(all) } }),
    unified: unifiedOf(all),
  };
  all.end();
  return { limits: withoutEmpty(limits), ignored, checkBeforeUpdate };
}

/** -1 is no limit, 0 no further process: runc writes 1 for it, since systemd knows no 0. */
function pidsOf(pids: Reader): Limits {
  const limit = pids.number('limit', -1);
  pids.end();
  if (limit === undefined) return {};
  return { pids: { max: limit === -1 || limit > 4_194_304 ? 'max' : Math.max(1, limit) } };
}

/** For what is used and for what is reserved, as runc does; crun leaves reservations alone. */
function hugetlbOf(entries: readonly Reader[]): Limits {
  const limits: Record<string, { max: number | 'max'; rsvd: number | 'max' }> = {};
  for (const entry of entries) {
    const name = entry.requiredText('pageSize');
    const size = name.replace(/([KMG])B$/, '$1iB') as PageSize;
    if (typeof parseBytes(size) !== 'number') entry.refuse('pageSize', name, "a size such as '2MB'");
    const limit = entry.required('limit');
    entry.end();
    const max = Number.isFinite(limit) ? limit : 'max';
    limits[size] = { max, rsvd: max };
  }
  return { hugetlb: limits as HugetlbLimits };
}

function rdmaOf(all: Reader): Limits {
  const devices = all.entries('rdma').map(([device, given]) => {
    const entry = all.at(`rdma.${device}`, given);
    const [hcaHandle, hcaObject] = [entry.number('hcaHandles'), entry.number('hcaObjects')];
    entry.end();
    const most = 2 ** 31 - 2;
    const amount = (value: number) => (value > most ? 'max' : value);
    const resources: RdmaResources<number | 'max'> = {
      ...(hcaHandle !== undefined && { hcaHandle: amount(hcaHandle) }),
      ...(hcaObject !== undefined && { hcaObject: amount(hcaObject) }),
    };
    return [device, resources] as const;
  });
  return devices.length === 0 ? {} : { rdma: { max: Object.fromEntries(devices) } };
}

function networkOf(network: Reader): Limits {
  const classid = network.number('classID') ?? 0;
  const priorities = network.list('priorities').map((entry) => {
    const pair = [entry.requiredText('name'), entry.required('priority')] as const;
    entry.end();
    return pair;
  });
  network.end();
  return { ...(classid !== 0 && { netCls: { classid } }), netPrio: Object.fromEntries(priorities) };
}

function unifiedOf(all: Reader): Record<string, string> {
  const files = all.entries('unified').map(([file, value]) => {
    if (typeof value !== 'string') all.refuse(`unified.${file}`, value, 'a text');
    return [file, value] as const;
  });
  return Object.fromEntries(files.filter(([, value]) => value !== ''));
}

/** A controller with nothing to say is not needed: on some host it may not be there. */
function withoutEmpty(limits: Limits): Limits {
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => Object.keys(limit as object).length > 0));
}
