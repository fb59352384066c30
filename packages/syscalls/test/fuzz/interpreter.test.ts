import { scratch } from '@estiba/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allocate, codes, Encoder, type Operation } from '../../src/encoding.ts';
import { platformArch } from '../../src/platform.ts';
import { buildHarness, Harness } from './harness.ts';
import { invent, mutate, randomNumbers } from './mutations.ts';
import { seeds } from './seeds.ts';

/** How long each kind of input is tried, in seconds. */
const DURATION = Number(process.env.ESTIBA_FUZZ_SECONDS ?? 2.5);
/** Another one each time; the message of a failure tells which. */
const SEED = Number(process.env.ESTIBA_FUZZ_SEED ?? Date.now() % 2 ** 31);
const supported = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);

describe.runIf(supported)('the interpreter', () => {
  const place = scratch('fuzz');
  const file = place.join('harness');
  beforeAll(() => buildHarness(file), 60_000);
  afterAll(() => place[Symbol.dispose]());

  async function interpret(...programs: Buffer[]) {
    const harness = new Harness(file);
    await harness.feed(programs);
    return harness.finish();
  }

  it('runs the programs that this package makes', async () => {
    const made = seeds();
    const { outcomes, ...rest } = await interpret(...made);
    expect(rest).toEqual({ status: 0, stderr: '' });
    expect(outcomes).toMatchObject({ refused: 0 });
    expect(outcomes.done + outcomes.failed).toBe(made.length);
  });

  const [pick, bytes] = [
    seeds(),
    (size: number, random: (below: number) => number) => Buffer.from(Array.from({ length: size }, () => random(256))),
  ];
  it.each([
    {
      kind: 'mutated programs',
      accepted: 0.2,
      make: (random: (below: number) => number) => mutate(pick[random(pick.length)] as Buffer, random),
    },
    { kind: 'invented programs', accepted: 0.02, make: invent },
    { kind: 'random bytes', accepted: 0, make: (random: (below: number) => number) => bytes(random(300), random) },
  ])(
    'survives $kind',
    async ({ kind, accepted, make }) => {
      const random = randomNumbers(SEED);
      const harness = new Harness(file);
      const end = performance.now() + DURATION * 1000;
      let programs = 0;
      do programs += 500;
      while ((await harness.feed(Array.from({ length: 500 }, () => make(random)))) && performance.now() < end);
      const { outcomes, ...rest } = await harness.finish();
      expect(rest, `ESTIBA_FUZZ_SEED=${SEED}`).toEqual({ status: 0, stderr: '' });
      expect(outcomes.done + outcomes.failed + outcomes.refused).toBe(programs);
      // Programs that are all refused would test the front door only.
      expect((outcomes.done + outcomes.failed) / programs, kind).toBeGreaterThanOrEqual(accepted);
    },
    (DURATION + 60) * 1000,
  );

  const program = (fill: (encoder: Encoder) => readonly Operation[]) => {
    const encoder = new Encoder();
    for (const operation of fill(encoder)) encoder.emit(operation);
    return Buffer.from(encoder.encode({ arch: platformArch(), reportFd: -1, allocate }));
  };
  const data = (at: number) => ({ data: at });

  it.each<[string, (encoder: Encoder) => readonly Operation[]]>([
    ['a slot that does not exist', () => [{ code: codes.alu, args: [{ slot: 1 }] }]],
    ['a destination that does not exist', () => [{ code: codes.alu, dst: 1 }]],
    ['a target behind the end', () => [{ code: codes.sys, target: 2 }]],
    ['a jump to nowhere', () => [{ code: codes.jmp }]],
    ['data behind the end', (encoder) => [{ code: codes.sys, args: [data(encoder.reserve(8) + 9)] }]],
    [
      'a load that reaches over the end',
      (encoder) => [{ code: codes.load, variant: 8, args: [data(encoder.reserve(8) + 1)] }],
    ],
    ['a load of three bytes', (encoder) => [{ code: codes.load, variant: 3, args: [data(encoder.reserve(8))] }]],
    ['a load from an address', (encoder) => [{ code: codes.load, variant: 8, args: [encoder.reserve(8)] }]],
    ['a store through a slot', (encoder) => [{ code: codes.store, variant: 1, args: [{ slot: encoder.reserve(8) }] }]],
    [
      'a number without room for its digits',
      (encoder) => [{ code: codes.fmt, args: [data(encoder.reserve(16)), 1, data(0)] }],
    ],
    ['a number written to an address', (encoder) => [{ code: codes.fmt, args: [encoder.reserve(64), 1, data(0)] }]],
    ['a text that reaches over the end', (encoder) => [{ code: codes.fail, args: [1, data(encoder.reserve(8)), 9] }]],
    ['a text of unknown size', (encoder) => [{ code: codes.fail, args: [1, data(encoder.reserve(8)), { slot: 0 }] }]],
    ['an operation that does not exist', () => [{ code: 7 }]],
  ])('refuses %s', async (_, fill) => {
    expect(await interpret(program(fill))).toMatchObject({ status: 0, outcomes: { refused: 1, calls: 0 } });
  });

  it.each<[string, (bytes: Buffer) => void]>([
    ['another magic number', (bytes) => bytes.writeUInt32LE(0, 0)],
    ['another version', (bytes) => bytes.writeUInt16LE(2, 4)],
    ['another architecture', (bytes) => bytes.writeUInt16LE(9, 6)],
    ['no operations', (bytes) => bytes.writeUInt32LE(0, 8)],
    ['more operations than there are', (bytes) => bytes.writeUInt32LE(5, 8)],
    ['more data than there is', (bytes) => bytes.writeUInt32LE(4096, 12)],
    ['data that is no multiple of eight', (bytes) => bytes.writeUInt32LE(9, 12)],
    ['too much data', (bytes) => bytes.writeUInt32LE(0xfffffff8, 12)],
    ['more relocations than data has words', (bytes) => bytes.writeUInt32LE(0xffffffff, 16)],
    ['a relocation between words', (bytes) => bytes.writeUInt32LE(4, bytes.length - 8)],
    ['a relocation twice', (bytes) => bytes.writeUInt32LE(0, bytes.length - 4)],
    ['a relocation behind the end', (bytes) => bytes.writeUInt32LE(16, bytes.length - 4)],
    ['a pointer behind the end', (bytes) => bytes.writeBigUInt64LE(17n, 32 + 64)],
  ])('refuses %s', async (_, spoil) => {
    const good = program((encoder) => {
      encoder.reserve(16);
      encoder.pointer(0, 8);
      encoder.pointer(8, 0);
      return [{ code: codes.alu }];
    });
    expect(await interpret(good)).toMatchObject({ outcomes: { refused: 0, done: 1 } });
    spoil(good);
    expect(await interpret(good)).toMatchObject({ status: 0, outcomes: { refused: 1, calls: 0 } });
  });

  it('stays inside data when a text loses its end while the program runs', async () => {
    const overwritten = program((encoder) => {
      const suffix = encoder.reserve(8);
      const room = encoder.reserve(24);
      return [
        { code: codes.store, variant: 8, args: [data(suffix), -1] },
        { code: codes.store, variant: 8, args: [data(room + 16), -1] },
        { code: codes.fmt, args: [data(room), -1n, data(suffix)] },
      ];
    });
    // The text is written over its own suffix, which so never ends.
    const chasing = program((encoder) => {
      const room = encoder.reserve(64);
      return [{ code: codes.fmt, args: [data(room + 1), 7, data(room + 1)] }];
    });
    expect(await interpret(overwritten, chasing)).toMatchObject({ status: 0, stderr: '', outcomes: { done: 2 } });
  });
});
