// In the guest: the tests of every rule pass as the code is, and fail with the rule broken.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vitestArguments } from '../vitest.mjs';
import { breaks } from './breaks.mjs';

if (process.env.ESTIBA_MACHINE !== 'uml') {
  console.error(
    'scripts/breaks/inside.mjs: broken code may do anything; it runs in the guest only: npm run test:breaks',
  );
  process.exit(2);
}

const [results, ...words] = process.argv.slice(2);
const chosen = breaks.filter(({ rule }) => rule.includes(words.join(' ')));
if (chosen.length === 0) throw new Error(`no rule has the words ${words.join(' ')}`);

const whole = testsIn([...new Set(chosen.flatMap(({ tests }) => tests))]);
console.log(`as the code is: ${whole.passed} tests pass, ${whole.failed.length} fail`);
const verdicts = chosen.map((broken) => {
  const { passed, failed } = withBroken(broken, () => testsIn(broken.tests));
  console.log(`\nbroken: ${broken.rule}: ${failed.length} tests fail, ${passed} pass`);
  for (const name of failed) console.log(`  ${name}`);
  return { rule: broken.rule, found: passed > 0 && failed.some((name) => name.includes(broken.noticed)) };
});

const missed = verdicts.filter(({ found }) => !found).length + (whole.failed.length > 0 ? 1 : 0);
console.log(`\n${verdicts.length} rules broken, ${verdicts.filter(({ found }) => found).length} of them noticed`);
writeFileSync(join(results, 'breaks.json'), JSON.stringify(asVitest()));
process.exitCode = missed > 0 || whole.passed === 0 ? 1 : 0;

/** In the form of the other suites, so that they can be summed up together. */
function asVitest() {
  const assertionResults = [
    ...verdicts.map(({ rule, found }) => ({
      ancestorTitles: ['a broken rule is noticed'],
      title: rule,
      status: found ? 'passed' : 'failed',
    })),
    { ancestorTitles: [], title: 'unbroken rules pass', status: whole.failed.length === 0 ? 'passed' : 'failed' },
  ];
  return {
    testResults: [
      { name: 'scripts/breaks/breaks.mjs', status: missed > 0 ? 'failed' : 'passed', message: '', assertionResults },
    ],
  };
}

function withBroken({ file, text, instead }, work) {
  const source = readFileSync(file, 'utf8');
  const parts = source.split(text);
  if (parts.length !== 2)
    throw new Error(`${file} has ${parts.length - 1} times what was to be replaced once: ${text}`);
  writeFileSync(file, parts.join(instead));
  try {
    return work();
  } finally {
    writeFileSync(file, source);
  }
}

/** Titles of what failed; a file that fails as a whole, as when something is left behind, counts as one. */
function testsIn(files) {
  const report = '/run/scratch/breaks.json';
  writeFileSync(report, '{}');
  const args = [
    ...vitestArguments('breaks', ['anywhere', 'kernel'], [], ''),
    '--reporter=json',
    `--outputFile=${report}`,
  ];
  spawnSync(process.execPath, [...args, ...files], { stdio: ['ignore', 'ignore', 'ignore'], timeout: 400_000 });
  const { testResults = [] } = JSON.parse(readFileSync(report, 'utf8'));
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const whole = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed: [
      ...tests.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
      ...whole.map(({ name, message }) => `${name.split('/').at(-1)}: ${message.split('\n').slice(0, 2).join(' ')}`),
    ],
  };
}
