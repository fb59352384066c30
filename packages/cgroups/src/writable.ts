import { accessSync, constants } from 'node:fs';

/** Whether this process may write there: false also where there is nothing. Not for what is usually missing: each no is an exception. */
export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
