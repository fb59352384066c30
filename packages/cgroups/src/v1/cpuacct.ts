import { readNumber } from '../control-file.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v1/cpuacct.html; nanoseconds in the files, microseconds here. */
export function readUsage(directory: string): { usageMicros: number; userMicros: number; systemMicros: number } {
  return {
    usageMicros: readNumber(directory, 'cpuacct.usage') / 1000,
    userMicros: readNumber(directory, 'cpuacct.usage_user') / 1000,
    systemMicros: readNumber(directory, 'cpuacct.usage_sys') / 1000,
  };
}
