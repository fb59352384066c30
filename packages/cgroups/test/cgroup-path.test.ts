import { describe, expect, test } from 'vitest';
import { checkName, checkPathBelow } from '../src/cgroup-path.ts';

describe('checkPathBelow', () => {
  test('a path below the folder is taken as it is', () => {
    expect(checkPathBelow('/estiba', '/estiba/web/1')).toBe('/estiba/web/1');
    expect(checkPathBelow('/', '/web')).toBe('/web');
  });

  test.each([
    '/estiba',
    '/',
    '/estibador/x',
    '/system.slice/x',
    'estiba/x',
    '',
    '/estiba/',
    '/estiba//x',
    '/estiba/../x',
    '/estiba/./x',
    '/estiba/x/..',
    '/estiba/a\nb',
    '/estiba/a\0b',
    `/estiba/${'x'.repeat(256)}`,
  ])('refuses %j', (path) => {
    expect(() => checkPathBelow('/estiba', path)).toThrow(expect.objectContaining({ code: 'PATH_INVALID', path }));
  });

  test('a name has no slash', () => {
    expect(() => checkName('a/b', '/estiba/a/b')).toThrow(expect.objectContaining({ code: 'PATH_INVALID' }));
  });
});
