import type { Exception } from './exceptions.ts';
import type { Tree } from './tree.ts';

export interface Difference {
  readonly path: string;
  /** The name of a fact; `presence` where only one of the trees has the path. */
  readonly field: string;
  readonly ours: string | undefined;
  readonly theirs: string | undefined;
}

/** Every fact in which two trees differ. */
export function differences(ours: Tree, theirs: Tree): Difference[] {
  const paths = [...new Set([...ours.keys(), ...theirs.keys()])].sort();
  return paths.flatMap((path) => {
    const [mine, other] = [ours.get(path), theirs.get(path)];
    if (mine === undefined || other === undefined) {
      return [{ path, field: 'presence', ours: mine?.type, theirs: other?.type }];
    }
    const fields = [...new Set([...Object.keys(mine), ...Object.keys(other)])];
    return fields
      .filter((field) => mine[field] !== other[field])
      .map((field) => ({ path, field, ours: mine[field], theirs: other[field] }));
  });
}

/** What is left to tell, in words: differences that no exception explains, and exceptions that explain none. */
export function unexplained(found: readonly Difference[], exceptions: readonly Exception[]): string[] {
  const left = found.filter((difference) => !exceptions.some((exception) => explains(exception, difference)));
  const stale = exceptions.filter((exception) => !found.some((difference) => explains(exception, difference)));
  return [
    ...left.map(({ path, field, ours, theirs }) => {
      return `${JSON.stringify(path)}: ${field} is ${ours ?? 'missing'}, that of the peer ${theirs ?? 'missing'}`;
    }),
    ...stale.map(({ path, field, why }) => `the exception for ${field} of ${path} is not needed any more (${why})`),
  ];
}

function explains(exception: Exception, { path, field }: Difference): boolean {
  return matches(exception.path, path) && matches(exception.field, field);
}

function matches(pattern: string | RegExp, text: string): boolean {
  return typeof pattern === 'string' ? pattern === text : pattern.test(text);
}
