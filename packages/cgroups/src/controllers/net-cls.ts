import { invalid, known } from '../check.ts';

export interface NetClsLimits {
  /**
   * The class of all packets that the processes send, for `tc` and `iptables -m cgroup`: a number, or as tc(8) writes it,
   * hexadecimal: `'10:1'`. 0 is none.
   */
  classid: number | string;
}

export interface CheckedNetCls {
  classid?: number;
}

export function checkNetCls(netCls: NetClsLimits, path: string): CheckedNetCls {
  known(netCls, ['classid'], 'netCls', path);
  const { classid } = netCls;
  const number = typeof classid === 'string' ? parseClass(classid) : classid;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number < 2 ** 32)
    return { classid: number };
  throw invalid('net_cls.classid', classid, "write a number below 2^32, or a class as tc does: '10:1'", path);
}

/** `AAAA:BBBB` is 0xAAAABBBB. https://docs.kernel.org/admin-guide/cgroup-v1/net_cls.html */
function parseClass(text: string): number {
  const [, major, minor] = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(text) ?? [];
  if (major === undefined || minor === undefined) return Number.NaN;
  return Number.parseInt(major, 16) * 0x10000 + Number.parseInt(minor, 16);
}
