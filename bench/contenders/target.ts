/** A folder that a contender fills: made before its run and removed after it, neither measured. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import type { Place } from '../places.ts';
import { pathOf } from '../programs.ts';
import type { Contender } from '../rounds.ts';

export interface Filler {
  readonly name: string;
  readonly run: (target: string) => Promise<number | undefined>;
}

export function intoTarget(contender: Filler, place: Place, bench: Bench): Contender {
  const target = join(bench.folder('target', place), 'made');
  return {
    name: contender.name,
    before: () => void mkdirSync(target),
    run: () => contender.run(target),
    async after() {
      rmSync(target, { recursive: true });
      // What one has written is not to reach the disk while another is measured.
      if (place.name === 'disk') await bench.programs.run([pathOf('sync'), '-f', place.path]);
    },
  };
}
