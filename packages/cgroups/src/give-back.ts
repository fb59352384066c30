import type { Membership } from './membership.ts';
import { pathIn } from './membership.ts';
import { moveBack } from './migration.ts';
import { type Place, placeIn } from './place.ts';
import { processesIn } from './processes.ts';

/** Where each process was before it was moved. */
export type Origins = Map<number, readonly Membership[]>;

/**
 * Moves everybody out of these places, to where he was. Who was born meanwhile goes where the first of the others was: in a
 * hierarchy that had not known the cgroup, that is one place for all, unless somebody has spread them by hand.
 */
export function giveBack(places: readonly Place[], origins: Origins): void {
  const within = new Set(places.map(({ directory }) => directory));
  for (let round = 0; round < ROUNDS && processesIn(places).length > 0; round++) {
    for (const place of places) {
      const isOutside = (memberships: readonly Membership[]) => {
        const path = pathIn(place.hierarchy, memberships);
        return path !== undefined && !within.has(placeIn(place.hierarchy, path).directory);
      };
      for (const pid of processesIn([place])) {
        const origin = [origins.get(pid) ?? [], ...origins.values()].find(isOutside);
        if (origin !== undefined) moveBack(pid, place, origin);
      }
    }
  }
}

const ROUNDS = 10;
