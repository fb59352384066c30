import { doctor, type IdMaps, isolate, Namespace, type NamespaceKind, namespaceKinds } from '@estiba/namespaces';

export const kinds: readonly NamespaceKind[] = namespaceKinds;
export const idMaps: IdMaps = {
  uid: [{ inside: 0, outside: 1000, count: 1 }],
  gid: [{ inside: 0, outside: 1000, count: 1 }],
};
export const ended = isolate(['true'], { namespaces: ['user', 'pid'], idMaps }).then((child) => child.wait());
export const code: Promise<number | null> = ended.then(({ exitCode }) => exitCode);
export const id: Promise<bigint> = Namespace.of('self', 'mount').then((namespace) => namespace.id);
export const diagnosis = doctor();

// @ts-expect-error no such kind of namespaces
isolate(['true'], { namespaces: ['users'] });
// @ts-expect-error the kinds have to be named
isolate(['true'], {});
// @ts-expect-error an exit code may be missing
export const sure: Promise<number> = ended.then(({ exitCode }) => exitCode);
