import {
  type Child,
  command,
  continueInChild,
  type Environment,
  type LaunchOptions,
  label,
  launch,
  type Program,
  sethostname,
} from '@estiba/syscalls';
import { type IdMaps, mapIds, rootlessIdMaps, writeIdMaps } from './id-maps.ts';
import { type NamespaceKind, requireKind } from './kinds.ts';
import type { Namespace } from './namespace.ts';
import { NamespaceError } from './namespace-error.ts';
import { enter, loopback, privateMounts, procfs } from './steps.ts';

export interface IsolateOptions extends Omit<LaunchOptions, 'clone' | 'at'> {
  /** Which to create; an ordinary user needs `'user'` among them. */
  readonly namespaces: readonly NamespaceKind[];
  /** Join these instead of creating them. */
  readonly join?: Partial<Record<NamespaceKind, Namespace | string>>;
  /** Who is who in the new user namespace; root inside is the caller outside unless given. */
  readonly idMaps?: IdMaps;
  /** Needs a new uts namespace. */
  readonly hostname?: string;
  /** The whole environment; that of this process unless given. */
  readonly env?: Readonly<Record<string, string>>;
  /** Extra steps to run inside the namespaces, before the command. */
  readonly prepare?: Program;
}

/**
 * Run a command in new namespaces: the one-call door to this package.
 *
 * With new pid and mount namespaces /proc shows the new processes; with a new network namespace the loopback interface
 * is up. Rejects with a SyscallError when the kernel refuses, and a TypeError when the options contradict each other.
 */
export async function isolate(argv: readonly string[], options: IsolateOptions): Promise<Child> {
  const { namespaces, join, idMaps, hostname, env, prepare, ...launchOptions } = options;
  requireSense(options);
  const maps = namespaces.includes('user') ? (idMaps ?? (await rootlessIdMaps())) : undefined;
  const program = isolation(argv, { ...options, ...(maps && { idMaps: maps }) });
  return launch(program, {
    ...launchOptions,
    at: { 'map-ids': ({ pid }) => (maps === undefined ? undefined : writeIdMaps(pid, maps)) },
  });
}

/** The program that `isolate` launches, to read or to extend. */
export function isolation(argv: readonly string[], options: IsolateOptions): Program {
  const { namespaces, join, idMaps, hostname, prepare } = options;
  const has = (kind: NamespaceKind) => namespaces.includes(kind);
  const env: Environment = options.env ?? ownEnvironment();
  return [
    ...(join === undefined ? [] : enter(join)),
    // A pid namespace that was joined holds the next child, not the process itself. pid_namespaces(7)
    ...(join?.pid !== undefined && namespaces.length === 0 ? [continueInChild()] : []),
    ...(namespaces.length > 0 ? [continueInChild(...namespaces)] : []),
    ...(idMaps === undefined ? [] : mapIds(idMaps)),
    ...(has('mount') ? privateMounts() : []),
    ...(has('pid') && has('mount') ? procfs() : []),
    ...(has('network') ? loopback() : []),
    ...(hostname === undefined ? [] : [sethostname(hostname)]),
    ...(prepare === undefined ? [] : [label('prepare', prepare)]),
    command(argv, env),
  ];
}

function requireSense({ namespaces, hostname, idMaps, join }: IsolateOptions): void {
  if (hostname !== undefined && !namespaces.includes('uts') && join?.uts === undefined) {
    throw new NamespaceError(
      'NAMESPACE_DENIED',
      "a host name would change that of the machine: add 'uts' to namespaces",
      { kind: 'uts' },
    );
  }
  if (idMaps !== undefined && !namespaces.includes('user')) {
    throw new NamespaceError('ID_MAP_INVALID', "id maps belong to a new user namespace: add 'user' to namespaces", {
      kind: 'user',
    });
  }
  for (const kind of [...namespaces, ...Object.keys(join ?? {})]) requireKind(kind);
  const twice = namespaces.filter((kind, index) => namespaces.indexOf(kind) !== index);
  if (twice.length > 0) throw new TypeError(`asked twice for a namespace: ${twice.join(', ')}`);
  const both = namespaces.filter((kind) => join?.[kind] !== undefined);
  if (both.length > 0) throw new TypeError(`asked both to create and to join a namespace: ${both.join(', ')}`);
}

function ownEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
