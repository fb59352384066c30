/** Docker's default profile, written by what it is for. https://docs.docker.com/engine/security/seccomp/ */
import type { Arch } from '@estiba/syscalls';
import { type Capability, dockerCapabilities } from '../capability-names.ts';
import { ENOSYS } from './actions.ts';
import { currentArch } from './architectures.ts';
import { compileSeccomp, type SeccompFilter } from './compile.ts';
import { callsOfCapability, commonCalls } from './docker-calls.ts';
import type { SeccompArgument, SeccompProfile, SeccompRule } from './profile.ts';

/**
 * Docker's default profile for a container that has these capabilities: more capabilities, more calls. It is the same for all machines.
 * What it does not name fails with EPERM.
 */
export function dockerSeccompProfile(capabilities: readonly Capability[] = dockerCapabilities): SeccompProfile {
  const has = new Set(capabilities);
  const granted = Object.entries(callsOfCapability).flatMap(([capability, calls]) =>
    has.has(capability) ? calls : [],
  );
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
    syscalls: [
      allow(commonCalls),
      allow(granted),
      ...families.map((argument) => allow(['socket'], [argument])),
      ...personalities.map((value) => allow(['personality'], [{ index: 0, value, op: 'SCMP_CMP_EQ' }])),
      ...(has.has('CAP_SYS_ADMIN') ? [] : withoutNamespaces),
    ],
  };
}

/** The same, compiled, and kept: it costs next to nothing the second time. */
export function dockerSeccompFilter(
  capabilities: readonly Capability[] = dockerCapabilities,
  options: { arch?: Arch } = {},
): SeccompFilter {
  const arch = options.arch ?? currentArch();
  const has = new Set(capabilities);
  const key = [arch, ...Object.keys(callsOfCapability).filter((capability) => has.has(capability))].join();
  const filter = compiled.get(key) ?? compileSeccomp(dockerSeccompProfile(capabilities), { arch });
  compiled.set(key, filter);
  return filter;
}

const compiled = new Map<string, SeccompFilter>();

function allow(names: readonly string[], args: readonly SeccompArgument[] = []): SeccompRule {
  return { names, action: 'SCMP_ACT_ALLOW', args };
}

// All but DECnet, econet, ATM SVC, IrDA, wanpipe, ISDN, CAIF, the kernel's crypto (alg) and vsock, which leads to the hypervisor and is
// not bound to a network namespace: include/linux/socket.h, AF_*.
const families: readonly SeccompArgument[] = [
  { index: 0, value: 12, op: 'SCMP_CMP_LT' },
  ...[13, 14, 15, 16, 17, 18, 21, 22, 24, 26, 27, 28, 29, 30, 31, 32, 33, 35, 36, 39, 41, 42, 43, 44, 45].map(
    (value): SeccompArgument => ({ index: 0, value, op: 'SCMP_CMP_EQ' }),
  ),
];

// Linux and 32-bit Linux, each also with an old uname release, and the question which one it is. personality(2)
const personalities = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

// A filter cannot look into the structure clone3 gets, so programs are made to use clone, whose flags it sees. clone(2)
const withoutNamespaces: readonly SeccompRule[] = [
  allow(['clone'], [{ index: 0, value: 0x7e02_0000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }]),
  { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
];
