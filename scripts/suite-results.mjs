// The JSON that vitest writes about a run, as a list of tests.

/** Marks that `requires` of testkit puts into titles. */
const skipped = / \(skipped: (.*)\)$/s;
const elsewhere = /^runs on .*: this is /;
/** Tests of cgroups run once for every view of them that a machine has, and end the title of their group with its name. */
const view = /, (as it is|hybrid|hybrid without v1 devices|v1)$/;

/**
 * Every test with the group that it belongs to, and whether it passed, failed, was skipped, or is for another kernel only;
 * and what failed as a whole: files that could not be loaded, whose hooks failed, or that left something behind. A suite
 * in which nothing passed has failed.
 */
export function readSuite(name, { results, exitStatus }) {
  const status = exitStatus?.trim() ?? '0';
  // A run that was killed may have left an empty file.
  if (!results) return { name, tests: [], broken: [`it wrote no results, and ended with status ${status}`] };
  const { testResults = [] } = JSON.parse(results);
  const tests = testResults.flatMap(({ name: path, assertionResults }) =>
    assertionResults.map((result) => testOf(name, pathInProject(path), result)),
  );
  const broken = testResults
    .filter(({ status, assertionResults }) => status === 'failed' && !assertionResults.some(isFailed))
    .map(({ name, message }) => `${pathInProject(name)}: ${message}`);
  const isSilent = broken.length === 0 && !tests.some(isFailed);
  if (isSilent && status !== '0') broken.push(`it ended with status ${status}`);
  else if (isSilent && tests.every(({ status }) => status === 'elsewhere')) broken.push('it has no tests');
  return { name, tests, broken };
}

/** What writes no results, like a linter, is one test. */
export function readPart(name, exitStatus) {
  if (exitStatus?.trim() === '0')
    return {
      name,
      tests: [{ suite: name, file: name, group: name, id: name, idInAnyView: name, status: 'passed' }],
      broken: [],
    };
  const why = exitStatus === undefined ? 'it was not run' : `it ended with status ${exitStatus.trim()}`;
  return { name, tests: [], broken: [why] };
}

function testOf(suite, file, { ancestorTitles, title, status, failureMessages }) {
  const titles = [...ancestorTitles, title].map((text) => text.replace(skipped, ''));
  const [, reason = 'no reason given'] =
    skipped.exec([...ancestorTitles, title].find((text) => skipped.test(text)) ?? '') ?? [];
  return {
    suite,
    file,
    group: titles[0],
    id: `${file} > ${titles.join(' > ')}`,
    idInAnyView: `${file} > ${titles.map((text) => text.replace(view, '')).join(' > ')}`,
    error: failureMessages?.[0]?.split('\n')[0],
    reason,
    status: status === 'passed' || status === 'failed' ? status : elsewhere.test(reason) ? 'elsewhere' : 'skipped',
  };
}

function isFailed({ status }) {
  return status === 'failed';
}

/** From `packages/`, `tests/` or `scripts/` on: the project is not at the same place for everybody. */
function pathInProject(path) {
  return /(?:^|\/)((?:packages\/[\w-]+|tests|scripts)\/.*)$/.exec(path)?.[1] ?? path;
}
