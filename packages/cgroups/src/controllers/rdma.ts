import { invalid, isPlain, known, wholeBetween } from '../check.ts';

export interface RdmaLimits {
  /** For each device, by its name in /sys/class/infiniband: `{ mlx5_0: { hcaHandle: 2, hcaObject: 2000 } }`. */
  max: Readonly<Record<string, RdmaResources<number | 'max'>>>;
}

/** Handles (open contexts) and objects (queues, memory regions, …) of an RDMA device. */
export interface RdmaResources<Amount = number> {
  hcaHandle?: Amount;
  hcaObject?: Amount;
}

/** By device: the kernel names those of which something is in use or limited. */
export interface RdmaStat {
  current: Readonly<Record<string, RdmaResources>>;
  /** Linux 7.2. */
  peak?: Readonly<Record<string, RdmaResources>>;
  /** Infinity: no limit. */
  max: Readonly<Record<string, RdmaResources>>;
  /** Here and below. Linux 7.2. */
  events?: Readonly<Record<string, RdmaResources<RdmaEvents>>>;
  /** `max`: this limit was in the way, of whomever; `allocFail`: of those in this cgroup itself, whichever limit. Linux 7.2. */
  localEvents?: Readonly<Record<string, RdmaResources<RdmaEvents>>>;
}

/** How often somebody was refused. */
export interface RdmaEvents {
  /** By a limit of this cgroup or one below. */
  max?: number;
  /** Of those in this cgroup or one below, by whichever limit. */
  allocFail?: number;
}

export function checkRdma(rdma: RdmaLimits, path: string): RdmaLimits {
  known(rdma, ['max'], 'rdma', path);
  if (!isPlain(rdma.max))
    throw invalid('rdma.max', rdma.max, 'write an object such as { mlx5_0: { hcaHandle: 2 } }', path);
  for (const [device, resources] of Object.entries(rdma.max)) {
    if (!/^[\w.-]+$/.test(device)) throw invalid('rdma.max', device, 'it is no name of a device', path);
    known(resources, ['hcaHandle', 'hcaObject'], `rdma.max.${device}`, path);
    for (const amount of Object.values(resources)) {
      if (amount !== 'max' && amount !== undefined) wholeBetween(amount, 0, MOST, `rdma.max ${device}`, path);
    }
  }
  return rdma;
}

// An int of the kernel, whose highest number is `max`.
const MOST = 2 ** 31 - 2;
