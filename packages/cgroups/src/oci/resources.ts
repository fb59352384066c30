/**
 * `linux.resources` of an OCI configuration. Numbers are whole; unknown keys are listed as ignored.
 * https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#control-groups
 */
export interface OciResources {
  devices?: readonly OciDevice[];
  memory?: OciMemory;
  cpu?: OciCpu;
  pids?: { limit?: number };
  blockIO?: OciBlockIo;
  hugepageLimits?: readonly { pageSize: string; limit: number }[];
  network?: { classID?: number; priorities?: readonly { name: string; priority: number }[] };
  rdma?: Readonly<Record<string, { hcaHandles?: number; hcaObjects?: number }>>;
  unified?: Readonly<Record<string, string>>;
}

export interface OciDevice {
  allow: boolean;
  type?: 'a' | 'b' | 'c';
  major?: number;
  minor?: number;
  access?: string;
}

/** In bytes; 0 is as if it were left out, and -1 is no limit. */
export interface OciMemory {
  limit?: number;
  reservation?: number;
  /** Memory *and* swap. */
  swap?: number;
  kernel?: number;
  kernelTCP?: number;
  swappiness?: number;
  disableOOMKiller?: boolean;
  useHierarchy?: boolean;
  checkBeforeUpdate?: boolean;
}

export interface OciCpu {
  shares?: number;
  quota?: number;
  burst?: number;
  period?: number;
  realtimeRuntime?: number;
  realtimePeriod?: number;
  cpus?: string;
  mems?: string;
  idle?: number;
}

export interface OciBlockIo {
  weight?: number;
  leafWeight?: number;
  weightDevice?: readonly { major: number; minor: number; weight?: number; leafWeight?: number }[];
  throttleReadBpsDevice?: readonly OciThrottle[];
  throttleWriteBpsDevice?: readonly OciThrottle[];
  throttleReadIOPSDevice?: readonly OciThrottle[];
  throttleWriteIOPSDevice?: readonly OciThrottle[];
}

/** Per second; 0 is no limit. */
export interface OciThrottle {
  major: number;
  minor: number;
  rate: number;
}
