import { expect, test } from 'vitest';
import { mergeScopes, repositoryScope } from '../src/scopes.ts';

test.each([
  [['repository:a:pull'], ['repository:a:pull']],
  [['repository:a:push,pull', 'repository:a:pull'], ['repository:a:pull,push']],
  [
    ['repository:b:pull repository:a:pull', ''],
    ['repository:a:pull', 'repository:b:pull'],
  ],
  [['repository:host:5000/a:pull', 'repository:host:5000/a:delete'], ['repository:host:5000/a:delete,pull']],
  [['registry:catalog:*'], ['registry:catalog:*']],
])('%j is %j', (scopes, merged) => {
  expect(mergeScopes(scopes)).toEqual(merged);
});

test('a scope names a repository and what is done to it', () => {
  expect(repositoryScope('a/b', ['pull', 'push', 'pull'])).toBe('repository:a/b:pull,push');
});
