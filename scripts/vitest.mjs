// The command line of vitest, the same for every suite.
import { join } from 'node:path';

const vitest = 'node_modules/vitest/vitest.mjs';

/**
 * Arguments for Node that run these projects of vitest.config.ts. Where there is a folder for results, what came of each test is
 * written there as JSON, too, under the name of the suite.
 */
export function vitestArguments(suite, projects, args, results = process.env.ESTIBA_RESULTS) {
  return [
    vitest,
    'run',
    // Without a temporary file in node_modules, which an ordinary user may not write to.
    '--configLoader=runner',
    ...projects.map((name) => `--project=${name}`),
    ...reporters(suite, results),
    ...args,
  ];
}

function reporters(suite, results) {
  if (!results) return [];
  return ['--reporter=default', '--reporter=json', `--outputFile.json=${join(results, `${suite}.json`)}`];
}
