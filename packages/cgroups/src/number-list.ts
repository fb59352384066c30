/** The numbers of a list of CPUs or memory nodes, in order, or a sentence that says what is wrong with it. */
export function parseNumberList(text: string): number[] | { problem: string } {
  // cpuset(7), section "List format"
  if (!/^(\d+(-\d+)?(,\d+(-\d+)?)*)?$/.test(text)) return { problem: "write a list such as '0-2,7'" };
  const ranges = text === '' ? [] : text.split(',').map(parseRange);
  for (const { first, last } of ranges) {
    if (last < first) return { problem: `the range ${first}-${last} runs backwards` };
    if (last > MOST) return { problem: `no kernel has a number above ${MOST}` };
  }
  const numbers = ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** What the kernel wrote; empty also when it cannot be read as a list. */
export function numbersOf(text: string): number[] {
  const numbers = parseNumberList(text);
  return Array.isArray(numbers) ? numbers : [];
}

// CONFIG_NR_CPUS is at most 8192. Without a bound '0-9999999999' would be taken apart in memory.
const MOST = 8191;

function parseRange(range: string): { first: number; last: number } {
  const [first = '', last = first] = range.split('-');
  return { first: Number(first), last: Number(last) };
}
