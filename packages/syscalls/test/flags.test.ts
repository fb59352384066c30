import { describe, expect, it } from 'vitest';
import { bits, cloneFlags, mountAttributes, openFlags } from '../src/flags.ts';

describe('flags', () => {
  it('are the sum of their names', () => {
    expect(bits(cloneFlags, ['mount', 'network'])).toBe(0x40020000);
    expect(bits(cloneFlags, [])).toBe(0);
    expect(bits(cloneFlags)).toBe(0);
  });

  it('stay positive with the highest bit', () => {
    expect(bits({ high: 1 << 31 }, ['high'])).toBe(2 ** 31);
  });

  it.each(['writeable', 'toString', '__proto__'])('do not have the name %s', (name) => {
    expect(() => bits(mountAttributes, [name as 'rdonly'])).toThrow(/no such flag: .* \(one of rdonly, nosuid/);
  });

  it.runIf(process.platform === 'linux')('of open are those of this machine', async () => {
    const { constants } = await import('node:fs');
    for (const [flag, name] of [
      ['creat', 'O_CREAT'],
      ['excl', 'O_EXCL'],
      ['directory', 'O_DIRECTORY'],
      ['nofollow', 'O_NOFOLLOW'],
      ['append', 'O_APPEND'],
      ['noatime', 'O_NOATIME'],
      ['nonblock', 'O_NONBLOCK'],
      ['noctty', 'O_NOCTTY'],
      ['trunc', 'O_TRUNC'],
    ] as const)
      expect(openFlags[flag], flag).toBe(constants[name]);
  });
});
