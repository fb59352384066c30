// A folder that everybody may write to, for test runs that are not allowed to, or not able to, reach ESTIBA_RESULTS.
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** At the end of this process its results are copied to ESTIBA_RESULTS, if that is set, and it is removed. */
export function resultsFolder() {
  const folder = mkdtempSync(join(tmpdir(), `estiba-${process.pid}-results-`));
  chmodSync(folder, 0o777);
  process.once('exit', () => {
    const { ESTIBA_RESULTS: target } = process.env;
    const results = readdirSync(folder).filter((name) => name.endsWith('.json'));
    if (target) for (const name of results) copyFileSync(join(folder, name), join(target, name));
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}
