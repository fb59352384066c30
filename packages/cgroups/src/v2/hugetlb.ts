import { parseKeys, readControl, readKeys, readNumber } from '../control-file.ts';
import type { Controller } from '../controller.ts';
import type { CheckedHugetlb, HugetlbPagesStat } from '../controllers/hugetlb.ts';
import { ifThere } from '../missing-file.ts';
import { setting } from '../setting.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#hugetlb-interface-files */
export const hugetlbSettings: Controller<CheckedHugetlb> = (sizes) =>
  [...sizes].flatMap(([size, { max, rsvd }]) => [
    ...setting(`hugetlb.${size}.rsvd.max`, rsvd),
    ...setting(`hugetlb.${size}.max`, max),
  ]);

/** Of one size of pages, by the kernel's name for it: `2MB`. Throws ENOENT without the controller. */
export function readHugetlb(directory: string, size: string): HugetlbPagesStat {
  const number = (file: string) => ifThere(Number.NaN, () => readNumber(directory, `hugetlb.${size}.${file}`));
  const events = (file: string) => ({
    max: ifThere(Number.NaN, () => readKeys(directory, `hugetlb.${size}.${file}`).get('max') ?? Number.NaN),
  });
  return {
    current: readNumber(directory, `hugetlb.${size}.current`),
    peak: Number.NaN,
    max: readNumber(directory, `hugetlb.${size}.max`),
    rsvd: { current: number('rsvd.current'), peak: Number.NaN, max: number('rsvd.max') },
    events: events('events'),
    localEvents: events('events.local'),
    nodes: ifThere({}, () => readNodes(directory, `hugetlb.${size}.numa_stat`)),
  };
}

/** `total=0 N0=0 N1=0`; on v1 a second line has what is here and below. */
export function readNodes(directory: string, file: string): Record<number, number> {
  const last = readControl(directory, file).split('\n').at(-1) ?? '';
  const numbers = parseKeys(last.replaceAll(' ', '\n').replaceAll('=', ' '));
  const nodes = [...numbers].filter(([key]) => /^N\d+$/.test(key));
  return Object.fromEntries(nodes.map(([key, value]) => [Number(key.slice(1)), value]));
}
