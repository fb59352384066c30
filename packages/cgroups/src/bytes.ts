/** A number of bytes: `268435456`, `'256MiB'`, or `'max'` for no limit. */
export type Bytes = number | `${number}${'B' | 'KiB' | 'MiB' | 'GiB' | 'TiB'}` | 'max';

/** The bytes as a whole number, or a sentence that says what is wrong with them. */
export function parseBytes(bytes: Bytes): number | 'max' | { problem: string } {
  if (bytes === 'max') return 'max';
  if (typeof bytes === 'number') return wholeNumber(bytes);
  if (typeof bytes !== 'string') return { problem: KINDS };
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB|TiB)$/.exec(bytes) ?? [];
  const factor = FACTORS.get(unit ?? '');
  if (digits === undefined || factor === undefined) return { problem: KINDS };
  return wholeNumber(Math.floor(Number(digits) * factor));
}

const KINDS = "write a number of bytes, '64MiB' or 'max'";
const FACTORS = new Map(['B', 'KiB', 'MiB', 'GiB', 'TiB'].map((unit, power) => [unit, 1024 ** power]));

function wholeNumber(value: number): number | { problem: string } {
  if (!Number.isSafeInteger(value)) return { problem: "it must be a whole number below 2^53, or 'max'" };
  if (value < 0) return { problem: "it must not be negative; 'max' is no limit" };
  return value;
}
