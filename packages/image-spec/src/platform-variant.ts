/**
 * Which variants of a processor run what was built for which others, and how they are ordered: as containerd has it in
 * https://github.com/containerd/platforms/blob/main/variant.go.
 *
 *     v8.3           v      [8, 3]
 *     rva23u64       rva    [23]    u64
 *     10.0.17763.1          [10, 0, 17763, 1]
 */
interface Version {
  readonly prefix: string;
  readonly numbers: readonly number[];
  readonly suffix: string;
}

/** Whether a processor of this architecture and variant runs what was built for another variant of it; both normalized. */
export function runsVariant(architecture: string, host: string, image: string): boolean {
  switch (architecture) {
    case 'amd64':
      return runs(host || 'v1', image || 'v1', (mine, its) => isWithin(its, [1], mine));
    case 'arm':
      return runs(host || 'v5', image || 'v5', (mine, its) => isWithin(its, [5], mine));
    case 'arm64':
      return runs(host || 'v8', image || 'v8', runsArm64);
    default:
      // Who names no variant asks for nothing special.
      return image === '' || runs(host, image, (mine, its) => isWithin(its, [], mine));
  }
}

/** The same variant runs; another one if the two differ in their numbers alone, and these pass the test. */
function runs(host: string, image: string, test: (mine: Version, its: Version) => boolean): boolean {
  if (image === host) return true;
  const [mine, its] = [readVersion(host), readVersion(image)];
  if (mine === undefined || its === undefined) return false;
  return mine.prefix === its.prefix && mine.suffix === its.suffix && test(mine, its);
}

function isWithin({ numbers }: Version, lowest: readonly number[], highest: Version): boolean {
  return compareNumbers(numbers, lowest) >= 0 && compareNumbers(numbers, highest.numbers) <= 0;
}

// Armv9.N can do all that Armv8.(N+5) can; the line of v8 ends with v8.9.
function runsArm64(mine: Version, its: Version): boolean {
  if (mine.prefix !== 'v' || mine.suffix !== '' || mine.numbers.length > 2 || its.numbers.length > 2) return false;
  const [major = 0, minor = 0] = mine.numbers;
  const [itsMajor = 0, itsMinor = 0] = its.numbers;
  if (itsMajor === major) return itsMinor <= minor;
  return major === 9 && itsMajor === 8 && itsMinor <= Math.min(minor + 5, 9);
}

/** Takes a variant or a version apart: what precedes the first number, numbers with dots between them, and the rest. */
export function readVersion(text: string): Version | undefined {
  const [, prefix = '', digits, suffix = ''] = /^([^0-9]*)([0-9]+(?:\.[0-9]+)*)(.*)$/s.exec(text.slice(0, 100)) ?? [];
  const numbers = digits?.split('.').map(Number);
  return numbers?.every(Number.isSafeInteger) ? { prefix, numbers, suffix } : undefined;
}

/** Where numbers are missing they are 0. */
function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The order in which people count: `power9` before `power10`. */
export function compareNaturally(a: string, b: string): number {
  const [left, right] = [splitDigits(a), splitDigits(b)];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const [one = '', other = ''] = [left[index], right[index]];
    const both = /^[0-9]/.test(one) && /^[0-9]/.test(other);
    const difference = both ? compareDigits(one, other) : compareText(one, other);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function splitDigits(text: string): readonly string[] {
  return text.match(/[0-9]+|[^0-9]/g) ?? [];
}

// By length and then as text: there is no number too long. The same number with fewer zeros before it goes first.
function compareDigits(a: string, b: string): number {
  const [one, other] = [a, b].map((digits) => digits.replace(/^0+/, '')) as [string, string];
  return one.length - other.length || compareText(one, other) || a.length - b.length;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
