import { describe } from 'vitest';
import { type Machine, machine } from './machine.ts';
import { missing, type Needs } from './missing.ts';

export interface Requirements extends Needs {
  /** The kernels these tests run on; every kernel test names at least one. The host alone unless told. */
  on?: readonly [Machine, ...Machine[]];
}

const groups = new Set<string>();

/** Whether the tests of this group have said what they need, and where they run. */
export function isRequired(title: string): boolean {
  return groups.has(title);
}

/**
 * `describe` for tests that need something of the machine: `requires({ on: ['host', 'uml'], root: true })('a mount', () => …)`.
 * Where it is missing the tests are skipped and say why; with `ESTIBA_REQUIRE_PEERS=1` a missing command is a failure instead.
 */
export function requires({ on = ['host'], ...needs }: Requirements): (title: string, tests: () => void) => void {
  // A kernel that the tests are not meant for is not asked for anything.
  const reasons = on.includes(machine()) ? missing(needs) : [`runs on ${on.join(' and ')}: this is ${machine()}`];
  return (title, tests) => {
    groups.add(title);
    if (reasons.length === 0) return void describe(title, tests);
    const reason = reasons.join('; ');
    console.warn(`skipped: ${title}: ${reason}`);
    describe.skip(`${title} (skipped: ${reason})`, tests);
  };
}
