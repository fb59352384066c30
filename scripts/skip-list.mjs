// tests/skipped.txt: `suites | file | group | reason`, where a suite may be several, separated by commas.

export function parseSkipped(text) {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [suites = '', file, group, reason] = line.split('|').map((part) => part.trim());
      if (!reason) throw new Error(`tests/skipped.txt: expected 'suites | file | group | reason', not: ${line}`);
      return { suites: suites.split(/,\s*/), file, group, line };
    });
}

/** Skipped tests of a suite that no line allows, one for each group. */
export function unlisted({ name, tests }, lines) {
  const skipped = tests.filter(({ status }) => status === 'skipped');
  const allowed = (test) => lines.some((line) => line.suites.includes(name) && matches(line, test));
  return [
    ...new Map(skipped.filter((test) => !allowed(test)).map((test) => [`${test.file} ${test.group}`, test])).values(),
  ];
}

/** Lines that allow what is not skipped (any longer), in suites that have results. */
export function staleLines(suites, lines) {
  return suites
    .filter(({ tests }) => tests.length > 0)
    .flatMap(({ name, tests }) => {
      const skipped = tests.filter(({ status }) => status === 'skipped');
      const stale = lines.filter((line) => line.suites.includes(name) && !skipped.some((test) => matches(line, test)));
      return stale.map(({ line }) => ({ suite: name, line }));
    });
}

function matches({ file, group }, test) {
  return test.file === file && test.group === group;
}
