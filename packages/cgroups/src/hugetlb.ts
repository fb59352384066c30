import type { HugetlbStat } from './controllers/hugetlb.ts';
import { hugePages } from './huge-pages.ts';
import { ifThere } from './missing-file.ts';
import { type Place, placeOf } from './place.ts';
import { readHugetlb as readV1Hugetlb } from './v1/hugetlb.ts';
import { readHugetlb } from './v2/hugetlb.ts';

/** Nothing where the machine has no huge pages, or the cgroup does not count them. */
export function measureHugetlb(places: readonly Place[]): { hugetlb?: HugetlbStat } {
  const place = placeOf(places, 'hugetlb');
  if (place === undefined) return {};
  const read = place.hierarchy.version === 1 ? readV1Hugetlb : readHugetlb;
  const sizes = hugePages().map(({ size, name }) => [size, ifThere(undefined, () => read(place.directory, name))]);
  const counted = sizes.filter(([, pages]) => pages !== undefined);
  return counted.length === 0 ? {} : { hugetlb: Object.fromEntries(counted) };
}
