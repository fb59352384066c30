import { readlink } from 'node:fs/promises';
import { continueInChild, launch, SyscallError, syscall } from '@estiba/syscalls';
import { rootlessIdMaps } from './id-maps.ts';
import { type NamespaceKind, namespaceKinds, procNames } from './kinds.ts';

export interface Diagnosis {
  readonly kind: NamespaceKind;
  /** Whether this process can create one, by itself or together with a user namespace. */
  readonly available: 'yes' | 'with-user-namespace' | 'no';
  /** What forbids it, and what to do. */
  readonly reason?: string;
}

/** What this process may create, found out by creating one of each in a process that ends at once. */
export async function doctor(): Promise<{ namespaces: Diagnosis[]; subordinateIds: boolean }> {
  const namespaces: Diagnosis[] = [];
  for (const kind of namespaceKinds) namespaces.push(await diagnose(kind));
  const { uid } = await rootlessIdMaps();
  return { namespaces, subordinateIds: uid.length > 1 };
}

async function diagnose(kind: NamespaceKind): Promise<Diagnosis> {
  const known = await readlink(`/proc/self/ns/${procNames[kind]}`).catch(() => undefined);
  if (known === undefined) return { kind, available: 'no', reason: 'this kernel was built without it' };
  const alone = await tryCreate(kind);
  if (alone === undefined) return { kind, available: 'yes' };
  const together = kind === 'user' ? alone : await tryCreate('user', kind);
  return together === undefined
    ? { kind, available: 'with-user-namespace' }
    : { kind, available: 'no', reason: together };
}

/** Returns why not. A time namespace is entered by the next child, as clone3 refuses it for itself before Linux 5.7. */
async function tryCreate(...kinds: NamespaceKind[]): Promise<string | undefined> {
  try {
    await using child = await launch([continueInChild(...kinds), syscall('exit_group', 0)], { stdio: 'ignore' });
    await child.wait();
    return undefined;
  } catch (error) {
    if (error instanceof SyscallError) return error.message;
    throw error;
  }
}
