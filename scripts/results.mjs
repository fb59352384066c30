// `node scripts/results.mjs FOLDER SKIP-LIST SUITE…`: what came of every suite, from the JSON that each has written to the folder; and
// the rules that hold over all of them: nothing is skipped without a reason in tests/skipped.txt, and every kernel test
// has passed somewhere. The last line is the sum.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSkipped, staleLines, unlisted } from './skip-list.mjs';
import { readPart, readSuite } from './suite-results.mjs';

const [folder = '', skipList = '', ...names] = process.argv.slice(2);
// Parts that have nothing to tell but whether they passed.
const withoutTests = new Set(['peers', 'check', 'bench']);
const suites = names.map((name) =>
  withoutTests.has(name)
    ? readPart(name, contents(`${name}.status`))
    : readSuite(name, { results: contents(`${name}.json`), exitStatus: contents(`${name}.status`) }),
);
const lines = parseSkipped(readFileSync(skipList, 'utf8'));

const problems = suites.flatMap(({ name, broken }) => broken.map((text) => `${name}: failed as a whole: ${text}`));
for (const test of suites.flatMap((suite) => unlisted(suite, lines)))
  problems.push(
    `${test.suite}: skipped, but not listed in tests/skipped.txt: ${test.file} | ${test.group} (${test.reason})`,
  );
for (const { suite, line } of staleLines(suites, lines))
  problems.push(`${suite}: nothing is skipped for this line of tests/skipped.txt: ${line}`);
for (const { suite, line } of lines.flatMap(({ suites: named, line }) => named.map((suite) => ({ suite, line }))))
  if (!names.includes(suite))
    problems.push(`no suite is called '${suite}', but a line of the skip list names it: ${line}`);
for (const test of nowhere(suites)) problems.push(`passes in none of the suites: ${test}`);

for (const problem of problems) console.log(problem);
// Once more, here at the end: of a long output often nothing else is kept.
for (const { suite, id, error } of ofAll('failed')) console.log(`${suite}: failed: ${id}: ${error ?? 'no error told'}`);
for (const suite of suites) console.log(`${suite.name}: ${summary(suite)}`);
const failed = problems.length + ofAll('failed').length;
const passed = ofAll('passed').length;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

function contents(name) {
  const path = join(folder, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function summary({ tests, broken }) {
  const of = (status) => tests.filter((test) => test.status === status).length;
  const failed = of('failed') + broken.length;
  const others = of('elsewhere') > 0 ? `, ${of('elsewhere')} for other kernels` : '';
  return `${of('passed')} passed, ${failed} failed, ${of('skipped')} skipped${others}`;
}

function ofAll(status) {
  return suites.flatMap(({ tests }) => tests).filter((test) => test.status === status);
}

/** Tests that no suite has seen pass, in whichever view of the cgroups; a failure is told by itself. */
function nowhere(suites) {
  const tests = suites.flatMap((suite) => suite.tests);
  const seen = new Set(
    tests.filter(({ status }) => ['passed', 'failed'].includes(status)).map(({ idInAnyView }) => idInAnyView),
  );
  return [...new Map(tests.map(({ idInAnyView, id }) => [idInAnyView, id]))]
    .filter(([idInAnyView]) => !seen.has(idInAnyView))
    .map(([, id]) => id);
}
