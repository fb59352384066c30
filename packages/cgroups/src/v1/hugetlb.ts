import { readNumber } from '../control-file.ts';
import type { Controller } from '../controller.ts';
import type { CheckedHugetlb, HugetlbPagesStat } from '../controllers/hugetlb.ts';
import { ifThere } from '../missing-file.ts';
import { setting } from '../setting.ts';
import { readNodes } from '../v2/hugetlb.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v1/hugetlb.html */
export const hugetlbSettings: Controller<CheckedHugetlb> = (sizes) =>
  [...sizes].flatMap(([size, { max, rsvd }]) => [
    ...setting(`hugetlb.${size}.rsvd.limit_in_bytes`, rsvd === 'max' ? -1 : rsvd),
    ...setting(`hugetlb.${size}.limit_in_bytes`, max === 'max' ? -1 : max),
  ]);

/** Of one size of pages, by the kernel's name for it: `2MB`. */
export function readHugetlb(directory: string, size: string): HugetlbPagesStat {
  const { failures, ...pages } = readCounter(directory, `hugetlb.${size}`);
  const { failures: _, ...rsvd } = readCounter(directory, `hugetlb.${size}.rsvd`);
  return {
    ...pages,
    rsvd,
    events: { max: failures },
    localEvents: { max: failures },
    nodes: ifThere({}, () => readNodes(directory, `hugetlb.${size}.numa_stat`)),
  };
}

function readCounter(directory: string, name: string) {
  const number = (what: string) => ifThere(Number.NaN, () => readNumber(directory, `${name}.${what}`));
  return {
    current: number('usage_in_bytes'),
    peak: number('max_usage_in_bytes'),
    max: number('limit_in_bytes'),
    failures: number('failcnt'),
  };
}
