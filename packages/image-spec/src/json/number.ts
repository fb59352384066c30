/** What becomes of a number that JavaScript cannot keep, if it cannot. */
export function numberProblem(written: string): string | undefined {
  if (written.length < 16 && !/[eE]/.test(written)) return undefined;
  const value = Number(written);
  const shown = written.length > 40 ? `${written.slice(0, 40)}…` : written;
  if (!Number.isFinite(value)) return `${shown} is more than any number that computers count with`;
  if (!/^-?[0-9]+$/.test(written) || Number.isSafeInteger(value)) return undefined;
  // The sizes of the specification are those of 64 bits, but JavaScript would silently take another number.
  const wide = BigInt(written.slice(0, 40));
  const fits = written.length < 40 && wide >= -(2n ** 63n) && wide < 2n ** 63n;
  return `${shown} is beyond ${fits ? '2^53 - 1, from where on digits are lost' : 'the 64 bits of any number in a document'}`;
}
