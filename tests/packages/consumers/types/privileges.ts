import {
  type Capability,
  compileSeccomp,
  dockerCapabilities,
  dropPrivileges,
  type PrivilegesError,
  type SeccompFilter,
  type SeccompProfile,
} from '@estiba/privileges';

export const capabilities: readonly Capability[] = [...dockerCapabilities, 'CAP_SYS_ADMIN'];
export const profile: SeccompProfile = {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['mount'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
};
export const filter: SeccompFilter = compileSeccomp(profile, { arch: 'arm64' });
export const steps = dropPrivileges({ user: '1000:1000', capabilities, seccomp: filter, rlimits: { nofile: 1024 } });
export const place = (error: PrivilegesError): string | undefined => error.path;

// @ts-expect-error what happens to calls without a rule has to be said
compileSeccomp({ syscalls: [] });
// @ts-expect-error capabilities are a list
dropPrivileges({ capabilities: 'CAP_SYS_ADMIN' });
// @ts-expect-error no such architecture
compileSeccomp(profile, { arch: 'pdp11' });
