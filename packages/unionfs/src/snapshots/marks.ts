/** Which layers can be read together: marks of what is hidden are read from one kind of attributes, for all of a stack. */
import { UnionfsError } from '../unionfs-error.ts';
import type { Layer } from './layers.ts';

type Namespace = 'trusted' | 'user';

/** What is hidden would show again: some marks in the stack would be neither read here nor by one mount of all. */
export function checkCommit(chainId: string, stack: readonly Layer[], namespace: Namespace): void {
  const other = stack.find(({ record }) => record.namespace !== namespace);
  if (other !== undefined) throw unreadable(`commit ${chainId}`, other, namespace);
}

/** Root may mount what an ordinary user has noted, by the option `userxattr`; nobody both forms at once. */
export function checkMount(name: string, stack: readonly Layer[], namespace: Namespace): void {
  if (marksOf(stack, namespace) === 'trusted') return;
  const other = stack.find(({ record }) => record.namespace === 'trusted');
  if (other !== undefined) throw unreadable(`prepare the snapshot ${name}`, other, 'user');
}

/** Those that a mount of the stack has to read. */
export function marksOf(stack: readonly Layer[], namespace: Namespace): Namespace {
  return namespace === 'user' || stack.some(({ record }) => record.namespace === 'user') ? 'user' : 'trusted';
}

function unreadable(what: string, { record }: Layer, namespace: Namespace): UnionfsError {
  const remedy =
    record.namespace === 'trusted'
      ? 'use the store as root with CAP_SYS_ADMIN'
      : 'use the store as the user who made it';
  return new UnionfsError(
    'OVERLAY_UNSUPPORTED',
    `cannot ${what}: the layer ${record.chainId} below notes what it hides in ${record.namespace}.overlay attributes, where ${namespace}.overlay ones are needed here; ${remedy}, or another store`,
  );
}
