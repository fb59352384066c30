import { existsSync } from 'node:fs';
import { type NamespaceKind, namespaceKinds, procNames } from '../src/kinds.ts';

/** Those that every kernel has. Time namespaces are younger and can be left out: their tests are groups of their own. */
export const everywhere = namespaceKinds.filter((kind) => kind !== 'time');

/** Those that this kernel has. */
export const kindsHere = namespaceKinds.filter((kind) => existsSync(`/proc/self/ns/${procNames[kind]}`));

/** What a kernel with time namespaces has: User-Mode Linux has none. time_namespaces(7) */
export const timeNamespace = '/proc/self/ns/time';

export interface Somebody {
  readonly who: string;
  /** What a group of tests requires to be him. */
  readonly needs: { readonly root?: true; readonly userNamespaces?: true };
  /** A kind, with the one that he cannot do without. */
  with(...kinds: NamespaceKind[]): NamespaceKind[];
}

/** Nobody but root makes a namespace without a user namespace around it. */
export const everybody: readonly Somebody[] = [
  { who: 'of root', needs: { root: true }, with: (...kinds) => kinds },
  {
    who: 'in a user namespace',
    needs: { userNamespaces: true },
    with: (...kinds) => [...new Set<NamespaceKind>(['user', ...kinds])],
  },
];
