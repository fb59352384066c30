import { readNumber, readWords } from '../control-file.ts';

/** In microseconds. */
export interface Usage {
  usageMicros: number;
  userMicros: number;
  systemMicros: number;
  perCpuMicros: readonly number[];
}

/** https://docs.kernel.org/admin-guide/cgroup-v1/cpuacct.html; nanoseconds in the files, microseconds here. */
export function readUsage(directory: string): Usage {
  return {
    usageMicros: readNumber(directory, 'cpuacct.usage') / 1000,
    userMicros: readNumber(directory, 'cpuacct.usage_user') / 1000,
    systemMicros: readNumber(directory, 'cpuacct.usage_sys') / 1000,
    perCpuMicros: readWords(directory, 'cpuacct.usage_percpu').map((nanoseconds) => Number(nanoseconds) / 1000),
  };
}
