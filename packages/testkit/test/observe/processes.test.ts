import { expect, it } from 'vitest';
import { readOrNothing } from '../../src/observe/processes.ts';

const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};

it.each(['ENOENT', 'ESRCH', 'ENODEV', 'ENOTSUP'])('what is gone or tells nothing (%s) reads as nothing', (code) => {
  expect(readOrNothing(failing(code))).toBeUndefined();
});

it('another error is not hidden', () => {
  expect(() => readOrNothing(failing('EIO'))).toThrow('EIO');
});
