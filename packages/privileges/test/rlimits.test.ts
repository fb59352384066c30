import { perform } from '@estiba/syscalls';
import { describe, expect, it } from 'vitest';
import { oomScoreAdj, rlimits } from '../src/index.ts';
import { calls } from './calls.ts';

describe('resource limits', () => {
  it('are set for soft and hard, with room for 64 bits', () => {
    const list = calls(rlimits({ nofile: 1024, fsize: { soft: 2 ** 40, hard: 'unlimited' } }));
    expect(
      list.map(({ name, args }) => [
        name,
        args[0],
        args[1],
        [...new BigUint64Array((args[2] as Uint8Array).slice().buffer)],
      ]),
    ).toEqual([
      ['prlimit64', 0, 7, [1024n, 1024n]],
      ['prlimit64', 0, 1, [1n << 40n, (1n << 64n) - 1n]],
    ]);
  });

  it.each([
    { nofile: -1 },
    { nofile: 1.5 },
    { nofile: { soft: 2, hard: 1 } },
    { nofile: { soft: 'unlimited', hard: 1 } },
    { files: 1 },
    { toString: 1 },
  ] as object[])('that make no sense are refused: %j', (limits) => {
    expect(() => rlimits(limits as never)).toThrow(expect.objectContaining({ code: 'RLIMIT_INVALID' }));
  });
});

describe('the oom score', () => {
  it('is written to the process’s own file', () => {
    const steps = calls(oomScoreAdj(-5));
    expect(steps.map(({ name }) => name)).toEqual([
      ...['prctl', 'prctl'],
      ...['openat', 'write', 'close'],
      ...['prctl', 'prctl'],
    ]);
    expect(steps[2]?.args).toContain('/proc/self/oom_score_adj');
  });

  it('leaves the process as hidden as it was', () => {
    const [before, ...others] = calls(oomScoreAdj(5)).filter(({ name }) => name === 'prctl');
    expect(others.map(({ args }) => args.slice(0, 2))).toEqual([
      [4, 1],
      [4, 0],
      [4, before],
    ]);
  });

  it('is for a process to launch: this one must not be shown and hidden', () => {
    expect(() => perform(oomScoreAdj(5))).toThrow('cannot perform prctl(4) in this process');
  });

  it.each([1001, -1001, 0.5, Number.NaN])('is refused outside of its range: %d', (score) => {
    expect(() => oomScoreAdj(score)).toThrow(expect.objectContaining({ code: 'OOM_SCORE_INVALID' }));
  });
});
