export { type Diagnosis, doctor } from './doctor.ts';
export { type IdMaps, type IdRange, mapIds, rootlessIdMaps, writeIdMaps } from './id-maps.ts';
export { type IsolateOptions, isolate, isolation } from './isolate.ts';
export { type NamespaceKind, namespaceKinds } from './kinds.ts';
export { Namespace } from './namespace.ts';
export { NamespaceError, type NamespaceErrorCode } from './namespace-error.ts';
export { create, enter, loopback, privateMounts, procfs } from './steps.ts';
