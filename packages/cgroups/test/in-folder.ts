import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What work finds in a cgroup whose files hold this. */
export function inFolder<T>(files: Readonly<Record<string, string>>, work: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), `estiba-${process.pid}-cgroup-`));
  try {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), `${text}\n`);
    return work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
