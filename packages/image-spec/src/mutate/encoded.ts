import { ImageSpecError } from '../error.ts';

/**
 * A document that is written anew, as JSON. Throws DOCUMENT_INVALID where it holds a number that lost digits when it was read:
 * what would be written is another number, and one that readers with integers of 64 bits refuse the whole document for.
 */
export function encoded(document: object, what: string): Buffer {
  const text = JSON.stringify(document, (key, value: unknown) => {
    if (typeof value !== 'number' || isExact(value)) return value;
    throw new ImageSpecError(
      'DOCUMENT_INVALID',
      `cannot write ${what}: ${JSON.stringify(key)} is about ${value}, and JavaScript keeps no more of it; take it away, or set it to a number below 2^53`,
      { path: key },
    );
  });
  return Buffer.from(text);
}

/** Beyond 10^21 it is written with an exponent: nobody takes that for a whole number. */
function isExact(value: number): boolean {
  if (!Number.isFinite(value)) return false;
  return !Number.isInteger(value) || Number.isSafeInteger(value) || Math.abs(value) >= 1e21;
}
