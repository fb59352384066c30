import { expect, it } from 'vitest';
import { loadingFailed } from '../src/native.ts';

const MAP = '/x.node: failed to map segment from shared object';

it.each<[reason: string, remedy: RegExp]>([
  [MAP, /mounted noexec/],
  [`${MAP}: Operation not permitted`, /mounted noexec/],
  ["Cannot find module '@yuuang/ffi-rs-linux-x64-gnu'", /without --omit=optional/],
])('%s has a remedy', (reason, remedy) => {
  const cause = new Error(`${reason}\nRequire stack:\n- /a.js`);
  const error = loadingFailed('ffi-rs', cause);
  expect(error.message).toMatch(remedy);
  expect(error.message.startsWith(`cannot load ffi-rs: ${reason}; `)).toBe(true);
  expect(error.cause).toBe(cause);
});

it.each([`${MAP}: Cannot allocate memory`, "Cannot find module 'ffi-rs'", '/x.node: invalid ELF header'])(
  '%s is left as it is',
  (reason) => {
    expect(loadingFailed('ffi-rs', new Error(reason)).message).toBe(`cannot load ffi-rs: ${reason}`);
  },
);
