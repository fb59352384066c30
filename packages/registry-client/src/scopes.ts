/** What a request does to a repository. */
export type Action = 'pull' | 'push' | 'delete';

/** `repository:library/alpine:pull,push`. https://distribution.github.io/distribution/spec/auth/scope/ */
export function repositoryScope(repository: string, actions: readonly Action[]): string {
  return `repository:${repository}:${[...new Set(actions)].join(',')}`;
}

/** For `_catalog`, which belongs to no repository. */
export const catalogScope = 'registry:catalog:*';

/** Each resource once, with all that is to be done to it: in an order of their own, so that equal sets are equal texts. */
export function mergeScopes(scopes: readonly string[]): string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of scopes.flatMap((text) => text.split(' ')).filter(Boolean)) {
    const colon = scope.lastIndexOf(':');
    const resource = scope.slice(0, Math.max(colon, 0));
    const known = actions.get(resource) ?? new Set();
    for (const action of scope.slice(colon + 1).split(',')) known.add(action);
    actions.set(resource, known);
  }
  return [...actions].map(([resource, known]) => `${resource}:${[...known].sort().join(',')}`).sort();
}
