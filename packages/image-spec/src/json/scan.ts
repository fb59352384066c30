import type { JsonFinding, ScanOptions } from './finding.ts';
import { Scanner, Stop } from './scanner.ts';

/** All that is wrong, in the order of the text; a syntax error, too much depth and too many values end the scan. */
export function scanJson(text: string, options: ScanOptions = {}): JsonFinding[] {
  const scanner = new Scanner(text, options);
  try {
    scanner.document();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  }
  return scanner.findings;
}
