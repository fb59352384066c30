import { afterEach, expect, it, vi } from 'vitest';
import { missing } from '../src/index.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

it('a machine that has everything lacks nothing', () => {
  expect(missing({ command: 'sh', path: '/proc/self', kernel: '3.0' })).toEqual([]);
});

it('each thing that is missing is named with its remedy', () => {
  vi.stubEnv('ESTIBA_REQUIRE_PEERS', '0');
  expect(missing({ command: ['sh', 'no-such-peer'], path: '/proc/no-such-file', kernel: '99.1' })).toEqual([
    expect.stringMatching(/^needs Linux 99\.1: this is \d/),
    'needs /proc/no-such-file: this kernel does not have it',
    'needs the command no-such-peer: install it, .ci/run shows how',
  ]);
});

it('a run that requires its peers fails where one is missing', () => {
  vi.stubEnv('ESTIBA_REQUIRE_PEERS', '1');
  expect(() => missing({ command: 'no-such-peer' })).toThrow('may not skip, but it needs the command no-such-peer');
  expect(missing({ command: 'sh' })).toEqual([]);
});
