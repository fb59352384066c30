import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Pax } from 'tar';
import { expect, test } from 'vitest';
import { ImageSpecError, readArchive } from '../../src/index.ts';
import { openLayout, scratch } from '../scratch.ts';
import { archiveOf, legacyEntries, modernEntries } from './archives.ts';

const cases = Number(process.env.ESTIBA_FUZZ_CASES ?? 100);
const seed = Number(process.env.ESTIBA_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** https://en.wikipedia.org/wiki/Linear_congruential_generator: good enough, and the same everywhere. */
function random(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const archives = [
  archiveOf(...legacyEntries()),
  archiveOf(...modernEntries()),
  Buffer.concat([new Pax({ path: `${'long/'.repeat(40)}name` }).encode(), archiveOf(...legacyEntries())]),
];

/** Bytes changed, cut out, or doubled; every other time with a checksum that is right again, so that more than that is tried. */
function changed(archive: Buffer, next: (below: number) => number): Buffer {
  const bytes = Buffer.from(archive);
  for (let times = next(4) + 1; times > 0; times--) {
    // Headers above all.
    const at =
      next(bytes.length / 512) * 512 + (next(2) === 0 ? ([0, 100, 124, 135, 148, 156, 157][next(7)] ?? 0) : next(512));
    bytes[at] = next(2) === 0 ? next(256) : (bytes[at] ?? 0) ^ (1 << next(8));
    if (next(2) === 0) mendChecksum(bytes, at - (at % 512));
  }
  const from = next(bytes.length);
  if (next(5) === 0) return bytes.subarray(0, from);
  if (next(5) === 0) return Buffer.concat([bytes.subarray(0, from - (from % 512)), bytes]);
  return bytes;
}

function mendChecksum(bytes: Buffer, at: number): void {
  if (bytes.subarray(at, at + 512).every((byte) => byte === 0)) return;
  bytes.fill(' ', at + 148, at + 156);
  const sum = bytes.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
}

test('an archive that chance has changed is refused by name and leaves nothing, or is in order', {
  timeout: 20_000 + cases * 100,
}, async () => {
  await using folder = await scratch();
  let refused = 0;
  for (let number = 0; number < cases; number++) {
    const when = `ESTIBA_FUZZ_SEED=${seed}, case ${number}`;
    const next = random(seed + number);
    const bytes = changed(archives[next(archives.length)] as Buffer, next);
    const layout = await openLayout(join(folder.path, String(number)));
    try {
      await readArchive(Readable.from([bytes], { objectMode: false }), { into: layout });
      expect(await layout.fsck(), when).toEqual([]);
    } catch (error) {
      refused++;
      if (!(error instanceof ImageSpecError)) throw new Error(`not one of our errors: ${when}`, { cause: error });
      expect(await readdir(join(layout.directory, 'blobs/sha256')), when).toEqual([]);
    }
  }
  expect(refused).toBeGreaterThan(cases / 4);
});
