import { existsSync } from 'node:fs';
import { type Place, placeOf } from './place.ts';

/** How the state of a controller is read from a directory, in each version. */
export interface Readers<Stat> {
  /** A file that every cgroup has for which the controller is enabled: asking for it is cheaper than failing to read. */
  file: string;
  v1: (directory: string) => Stat;
  v2: (directory: string) => Stat;
}

/** What a controller tells, under its name; nothing where the host, or the cgroup above, does not offer it. */
export function offered<Name extends string, Stat>(
  name: Name,
  places: readonly Place[],
  { file, v1, v2 }: Readers<Stat>,
): { [name in Name]?: Stat } {
  const place = placeOf(places, name);
  if (place === undefined || !existsSync(`${place.directory}/${file}`)) return {};
  const read = place.hierarchy.version === 1 ? v1 : v2;
  return { [name]: read(place.directory) } as { [name in Name]?: Stat };
}
