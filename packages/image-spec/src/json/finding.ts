import type { JsonPath } from './path.ts';

export interface JsonFinding {
  readonly kind: 'syntax' | 'depth' | 'length' | 'duplicate' | 'similar' | 'number' | 'half-character';
  readonly message: string;
  readonly path: JsonPath;
  /** In the text, in UTF-16 code units. */
  readonly offset: number;
}

export interface ScanOptions {
  /** How deep objects and arrays may nest. */
  readonly depth?: number;
  /** Is told of each value, before those within it. The path is the scanner's own: copy it to keep it. */
  readonly onValue?: (path: JsonPath, offset: number) => void;
  /** Is told of each number as it is written. */
  readonly onNumber?: (path: JsonPath, written: string, offset: number) => void;
}
