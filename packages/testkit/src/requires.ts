import { describe } from 'vitest';
import { missing, type Needs } from './missing.ts';

/**
 * `describe` for tests that need something of the machine: `requires({ root: true })('a mount', () => …)`. Where it is
 * missing the tests are skipped and say why; with `ESTIBA_REQUIRE_PEERS=1` a missing command is a failure instead.
 */
export function requires(needs: Needs): (title: string, tests: () => void) => void {
  const reasons = missing(needs);
  return (title, tests) => {
    if (reasons.length === 0) return void describe(title, tests);
    const reason = reasons.join('; ');
    console.warn(`skipped: ${title}: ${reason}`);
    describe.skip(`${title} (skipped: ${reason})`, tests);
  };
}
