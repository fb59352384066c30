/**
 * An OCI seccomp profile as a filter of the kernel's:
 *
 *     which way into the kernel? ── not one of ours: kill
 *       └ which number? a binary search ── refuse, allow, …
 *           └ which arguments? only for calls whose rules have some
 */
import type { Arch } from '@estiba/syscalls';
import { PrivilegesError } from '../errors.ts';
import { ENOSYS, returns } from './actions.ts';
import { type Abi, abisOf, currentArch } from './architectures.ts';
import { Assembler, type Target } from './assembler.ts';
import { type Decision, decide } from './decisions.ts';
import { explainFilter } from './explain.ts';
import { flagBits } from './flags.ts';
import type { SeccompProfile } from './profile.ts';
import { isErrno, parseRules, type Rules } from './rules.ts';
import { runs, writeSearch } from './search-tree.ts';

/** A profile compiled to the kernel's own filter language, for one kind of machine. */
export interface SeccompFilter {
  readonly arch: Arch;
  /** struct sock_filter, 8 bytes each. */
  readonly instructions: Uint8Array;
  readonly flags: readonly string[];
  /** One line an instruction, with the names of the calls. */
  explain(): string;
}

/**
 * Compile a profile. Needs nothing and changes nothing; about half a millisecond for Docker's. seccomp(2)
 *
 * The first rule that matches decides. Where the default is an errno, a call that is younger than all the profile names gets ENOSYS
 * instead, so that programs fall back to an older one as they do on an older kernel. x32 calls get ENOSYS always.
 *
 * @throws PrivilegesError `SECCOMP_INVALID` with the place in the profile, `SECCOMP_TOO_LONG`, `ARCHITECTURE_UNSUPPORTED`
 */
export function compileSeccomp(profile: SeccompProfile, options: { arch?: Arch } = {}): SeccompFilter {
  const arch = options.arch ?? currentArch();
  const rules = parseRules(profile);
  const abis = abisOf(arch, checkArchitectures(profile.architectures));
  const notifies = [rules.otherwise, ...rules.rules.map(({ value }) => value)].includes(returns.notify);
  const flags = [...(profile.flags ?? []), ...(notifies ? ['SECCOMP_FILTER_FLAG_NEW_LISTENER'] : [])];
  flagBits(flags);
  const instructions = write(rules, abis);
  return { arch, instructions, flags, explain: () => explainFilter(instructions, abis) };
}

function write(rules: Rules, abis: readonly Abi[]): Uint8Array {
  const code = new Assembler();
  let next: Target = { returns: returns.killProcess };
  for (const abi of abis.toReversed()) {
    const start = code.load(numberOffset, writeSearch(code, runsOf(rules, abi)));
    next = code.branch('equal', abi.audit, start, next);
  }
  return code.finish(code.load(archOffset, next));
}

// struct seccomp_data
const numberOffset = 0;
const archOffset = 4;

function runsOf(rules: Rules, abi: Abi) {
  const decisions = decide(rules, abi);
  const young = youngerThan(decisions);
  const foreign = abi.foreignFrom ?? Number.POSITIVE_INFINITY;
  const gap = (number: number) => {
    if (number >= foreign) return returns.errno + ENOSYS;
    return number >= young && isErrno(rules.otherwise) ? returns.errno + ENOSYS : rules.otherwise;
  };
  return runs(decisions, gap, abi.foreignFrom === undefined ? [young] : [young, foreign]);
}

// All architectures count alike from 424 (Linux 5.1); what is older exists everywhere, and nobody expects ENOSYS from it. Private calls
// of arm begin at 0xf0000.
function youngerThan(decisions: ReadonlyMap<number, Decision>): number {
  const named = [...decisions.keys()].filter((number) => number < 0xf_0000);
  return Math.max(423, ...named) + 1;
}

function checkArchitectures(architectures: readonly string[] | null | undefined): readonly string[] {
  for (const [index, name] of (architectures ?? []).entries()) {
    if (typeof name === 'string' && /^SCMP_ARCH_[A-Z0-9_]+$/.test(name)) continue;
    throw new PrivilegesError(
      'SECCOMP_INVALID',
      `cannot compile the seccomp profile: architectures[${index}]: ${JSON.stringify(name)} is not like SCMP_ARCH_X86_64`,
      { path: `architectures[${index}]` },
    );
  }
  return architectures ?? [];
}
