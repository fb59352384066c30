import type { Step } from '@estiba/syscalls';
import { boundingSet, type CapabilitySets, capabilitySets, capabilitySetsWithoutBounding } from './capabilities.ts';
import type { Capability } from './capability-names.ts';
import { noNewPrivileges } from './no-new-privileges.ts';
import { prctl } from './prctl.ts';
import { resolveUser } from './resolve-user.ts';
import { rlimits } from './rlimits.ts';
import { compileSeccomp, type SeccompFilter } from './seccomp/compile.ts';
import { dockerSeccompFilter } from './seccomp/docker-profile.ts';
import type { SeccompProfile } from './seccomp/profile.ts';
import { seccomp } from './seccomp/step.ts';
import { type User, user } from './user.ts';

/** What a program is to be left with. What is not given stays as it is. */
export interface DropPrivilegesOptions {
  /** Numbers, or a text of numbers like `1000:1000`; for names see `resolveUser`. */
  readonly user?: string | User;
  /** A list is bounding, effective and permitted; nothing is inheritable or ambient. */
  readonly capabilities?: readonly Capability[] | CapabilitySets;
  readonly noNewPrivileges?: boolean;
  /** `'default'` is Docker's, for the capabilities in the bounding set. */
  readonly seccomp?: 'default' | 'unconfined' | SeccompProfile | SeccompFilter;
  readonly rlimits?: Parameters<typeof rlimits>[0];
}

/**
 * Everything at once, in the one order that works; the usual last steps before `execve`.
 *
 *     rlimits ── [seccomp] ── bounding set ── groups, gid, uid ── other sets ── no_new_privs ── [seccomp]
 *
 * A filter needs CAP_SYS_ADMIN or no_new_privs: without no_new_privs it comes while there are capabilities, and must then allow prctl,
 * setgroups, setresgid, setresuid and capset; otherwise it comes last and must allow prctl and execve.
 *
 * @throws PrivilegesError whatever the single parts throw
 */
export function dropPrivileges(options: DropPrivilegesOptions): Step[] {
  const sets = setsOf(options.capabilities);
  const identity = typeof options.user === 'string' ? resolveUser(options.user) : options.user;
  const filter = filterOf(options.seccomp, sets);
  const load = filter === undefined ? [] : seccomp(filter);
  return [
    ...rlimits(options.rlimits ?? {}),
    ...(options.noNewPrivileges ? [] : load),
    ...(sets === undefined ? [] : [boundingSet(sets.bounding ?? [])]),
    ...(identity === undefined ? [] : become(identity, sets)),
    ...(sets === undefined ? [] : capabilitySetsWithoutBounding(sets)),
    ...(options.noNewPrivileges ? [...noNewPrivileges(), ...load] : []),
  ];
}

// Becoming an ordinary user clears the capabilities, and with them the right to set those that shall stay.
function become(identity: User, sets: CapabilitySets | undefined): Step[] {
  if (identity.uid === 0 || sets === undefined) return user(identity);
  return [
    prctl('SET_KEEPCAPS', 1, 'keep the capabilities across the change of user'),
    ...user(identity),
    prctl('SET_KEEPCAPS', 0, 'keep them this once only'),
  ];
}

function setsOf(given: readonly Capability[] | CapabilitySets | undefined): CapabilitySets | undefined {
  return isList(given) ? capabilitySets(given) : given;
}

function isList(given: readonly Capability[] | CapabilitySets | undefined): given is readonly Capability[] {
  return Array.isArray(given);
}

function filterOf(
  given: DropPrivilegesOptions['seccomp'],
  sets: CapabilitySets | undefined,
): SeccompFilter | undefined {
  if (given === undefined || given === 'unconfined') return undefined;
  if (given === 'default') return dockerSeccompFilter(sets?.bounding);
  return 'instructions' in given ? given : compileSeccomp(given);
}
