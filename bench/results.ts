/** Results as they lie on the disk: one text for each bench. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseRows, type Row } from './report.ts';

/** Of one result, or of a folder of them. */
export function rowsIn(path: string): Row[] {
  const files = statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path];
  return files.filter((file) => file.endsWith('.txt')).flatMap((file) => parseRows(readFileSync(file, 'utf8')));
}
