// The closing line of .ci/run: how many tests passed, failed and were skipped, from the JSON that vitest writes.
import { existsSync, readFileSync } from 'node:fs';

const file = process.argv[2];
if (!file || !existsSync(file)) {
  console.error('no results: vitest did not get as far as writing them');
  console.log('0 passed, 1 failed');
  process.exit(1);
}

const results = JSON.parse(readFileSync(file, 'utf8'));
const suites = results.testResults ?? [];
// A file that cannot be loaded, or whose hooks fail, has no failed test of its own and must still count.
const broken = suites.filter(
  ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
);
const failed = results.numFailedTests + broken.length;
const skipped = results.numPendingTests + results.numTodoTests;
for (const { name, message } of broken) console.log(`failed as a whole: ${name}: ${message}`);
console.log(`${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || results.numPassedTests === 0 ? 1 : 0;
