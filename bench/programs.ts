/** Where a program is. It is looked up once, not at every start. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

export function pathOf(name: string): string {
  const folders = `${process.env.PATH ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`.split(':').filter(Boolean);
  const found = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (found === undefined) throw new Error(`cannot find ${name}: install it`);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
