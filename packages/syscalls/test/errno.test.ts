import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { codeOf, describeErrno, errnoOf } from '../src/errno.ts';

describe('an error number', () => {
  it.each([
    ['EPERM', 1],
    ['ENOENT', 2],
    ['EAGAIN', 11],
    ['EBUSY', 16],
    ['ENOSYS', 38],
    ['ENODATA', 61],
    ['EOVERFLOW', 75],
    ['EUSERS', 87],
    ['EOPNOTSUPP', 95],
    ['ESTALE', 116],
    ['EUCLEAN', 117],
    ['EDQUOT', 122],
    ['ENOKEY', 126],
  ])('%s is %i', (code, number) => {
    expect(errnoOf(code)).toBe(number);
    expect(codeOf(number)).toBe(code);
  });

  it('has the name that the manual pages use where there are two', () => {
    expect(errnoOf('EWOULDBLOCK')).toBe(11);
    expect(codeOf(11)).toBe('EAGAIN');
    expect(errnoOf('ENOTSUP')).toBe(95);
    expect(codeOf(95)).toBe('EOPNOTSUPP');
  });

  it.runIf(process.platform === 'linux')('has all the names that Node knows', () => {
    for (const [code, number] of Object.entries(constants.errno)) expect(errnoOf(code)).toBe(number);
  });

  it('without a name is still told', () => {
    expect(codeOf(4000)).toBe('E4000');
    expect(describeErrno(4000)).toBe('error 4000');
  });

  it('is described in words', () => {
    expect(describeErrno(2)).toBe('no such file or directory');
    expect(describeErrno(122)).toBe('disk quota exceeded');
  });

  it('does not exist for an invented name', () => {
    expect(() => errnoOf('ENOTHING')).toThrow('not the name of an error: ENOTHING');
    expect(() => errnoOf('constructor')).toThrow('not the name of an error: constructor');
  });
});
