import { type Call, syscall } from '@estiba/syscalls';

// include/uapi/linux/prctl.h
const options = {
  GET_DUMPABLE: 3,
  SET_DUMPABLE: 4,
  SET_KEEPCAPS: 8,
  CAPBSET_DROP: 24,
  SET_NO_NEW_PRIVS: 38,
  CAP_AMBIENT: 47,
};

// All five arguments: the kernel refuses some options with EINVAL where an unused one is not 0.
export function prctl(option: keyof typeof options, value: number | Call, label?: string, extra = 0): Call {
  const call = syscall('prctl', options[option], value, extra, 0, 0);
  return label === undefined ? call : { ...call, label };
}
