import { archive, correctChecksum } from '@estiba/testkit/archive';
import { expect, test } from 'vitest';
import { compareImages, type FileChange, ImageSpecError } from '../../src/index.ts';
import { made } from '../made.ts';
import { base, chance, randomLayer } from '../random-layers.ts';
import { collect } from '../scratch.ts';

const cases = Number(process.env.ESTIBA_FUZZ_CASES ?? 100);
const seed = Number(process.env.ESTIBA_FUZZ_SEED ?? 1);

async function image(pick: (below: number) => number, harm: (tar: Buffer) => Buffer = (tar) => tar) {
  const layers = Array.from({ length: 1 + pick(2) }, () => harm(archive(...randomLayer(pick))));
  return (await made([archive(...base), ...layers])).image;
}

/** All changes, or the error that must be one of ours. */
async function compared(...images: [Awaited<ReturnType<typeof image>>, Awaited<ReturnType<typeof image>>]) {
  try {
    return await collect((await compareImages(...images)).files({ times: true, maxEntries: 1000 }));
  } catch (error) {
    expect(error).toBeInstanceOf(ImageSpecError);
    return undefined;
  }
}

function turned(change: FileChange): FileChange {
  if (change.kind === 'added') return { path: change.path, kind: 'removed', before: change.after };
  if (change.kind === 'removed') return { path: change.path, kind: 'added', after: change.before };
  return { ...change, before: change.after, after: change.before };
}

test(`what changed one way is what changed the other way, and nothing from an image to itself (${cases} random pairs)`, async () => {
  let told = 0;
  for (let at = 0; at < cases; at++) {
    const pick = chance(seed * 1_000_003 + at);
    const [one, two] = [await image(pick), await image(pick)];
    const there = await compared(one, two);
    const back = await compared(two, one);
    expect(back, `case ${at}`).toEqual(there?.map(turned));
    if (there === undefined) continue;
    told += 1;
    expect(await compared(one, one), `case ${at}`).toEqual([]);
  }
  expect(told).toBeGreaterThan(cases / 4);
});

test(`a layer that chance has changed is read or refused, and never anything else (${cases} layers)`, async () => {
  let refused = 0;
  for (let at = 0; at < cases; at++) {
    const pick = chance(seed * 7_000_003 + at);
    const harm = (tar: Buffer) => {
      for (let times = 1 + pick(4); times > 0; times--) tar[pick(tar.length)] = pick(256);
      // Every other one with its checksums made right again, or nothing else would ever be looked at.
      if (pick(2) === 0) correctChecksums(tar);
      return pick(4) === 0 ? tar.subarray(0, pick(tar.length)) : tar;
    };
    const harmed = await image(pick, harm);
    if ((await compared(harmed, harmed)) === undefined) refused += 1;
  }
  expect(refused).toBeGreaterThan(cases / 4);
  expect(refused).toBeLessThan(cases);
});

/** So that what chance has changed is looked at. */
function correctChecksums(tar: Buffer): void {
  for (let at = 0; at < tar.length; at += 512) {
    const block = tar.subarray(at, at + 512);
    if (block.toString('latin1', 257, 262) === 'ustar') correctChecksum(block);
  }
}
