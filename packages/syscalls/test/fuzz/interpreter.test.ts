import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type Scratch, scratch } from '@estiba/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.ts';
import {
  attempt, command, continueInChild, fail, fork, fscreate, fsmount, fsopen, load, openat2, out, type Program, patch, pause, syscall, words,
} from '../../src/index.ts';
import { invent, mutate, randomNumbers } from './mutations.ts';

/** How long each kind of input is tried, in ms; ESTIBA_FUZZ_SECONDS for a longer look. */
const DURATION = Number(process.env.ESTIBA_FUZZ_SECONDS ?? 3) * 1000;
const SEED = Number(process.env.ESTIBA_FUZZ_SEED ?? Date.now() % 2 ** 31);

let place: Scratch;
beforeAll(() => {
  place = scratch('fuzz');
  const source = fileURLToPath(new URL('./harness.c', import.meta.url));
  const flags = ['-g', '-O1', '-Wall', '-Wno-unused-function', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
  const { status, stderr } = spawnSync('cc', [...flags, '-o', place.join('harness'), source], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot compile the harness: ${stderr}`);
}, 60_000);
afterAll(() => place[Symbol.dispose]());

describe.runIf(process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch))('the interpreter', () => {
  it('runs the programs that we make', async () => {
    const { outcomes } = await interpret(seeds());
    expect(outcomes.refused).toBe(0);
    expect(outcomes.calls).toBeGreaterThan(50);
  });

  it.each([
    ['mutated programs', (random: (below: number) => number) => mutate(pick(seeds(), random), random)],
    ['invented programs', invent],
    ['random bytes', (random: (below: number) => number) => Buffer.from(Array.from({ length: random(300) }, () => random(256)))],
  ] as const)('survives %s', async (_, make) => {
    const random = randomNumbers(SEED);
    const harness = new Harness();
    const end = performance.now() + DURATION;
    let programs = 0;
    while (performance.now() < end && (await harness.feed(Array.from({ length: 500 }, () => make(random))))) programs += 500;
    const { outcomes, stderr, status } = await harness.finish();
    expect({ status, stderr }, `seed ${SEED}`).toEqual({ status: 0, stderr: '' });
    expect(outcomes.done + outcomes.failed + outcomes.refused).toBe(programs);
    expect(programs).toBeGreaterThan(500);
    // A fuzzer whose programs are all refused tests the front door only.
    if (make !== (randomBytes as unknown)) console.log(`${_}: ${JSON.stringify(outcomes)}`);
  }, DURATION + 30_000);
});
