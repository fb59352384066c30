import { expect, test } from 'vitest';
import { checkMisc } from '../../src/controllers/misc.ts';

const check = (limits: unknown) => checkMisc(limits as { max: object } as never, '/estiba/x');

test('each resource has a number, or no limit', () => {
  const limits = { max: { sev: 3, sev_es: 'max', tdx: 0 } };
  expect(check(limits)).toEqual(limits);
});

test.each<[string, unknown, string]>([
  ['a number for all resources', { max: 3 }, 'misc.max'],
  ['no resources at all', {}, 'misc.max'],
  ['a name with a newline', { max: { 'sev\n': 3 } }, 'misc.max'],
  ['a fraction', { max: { sev: 0.5 } }, 'misc.max sev'],
  ['a text', { max: { sev: '3' } }, 'misc.max sev'],
])('refuses %s, and names the file', (_, limits, file) => {
  expect(() => check(limits)).toThrow(expect.objectContaining({ code: 'LIMIT_INVALID', path: '/estiba/x', file }));
});
