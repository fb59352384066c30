import { lstatSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { readOrNothing } from './processes.ts';
import { namesThisProcess, type Trace } from './trace.ts';

/** What lies in the folders for temporary files under a name of ours. */
export function temporaryFileTraces(): Trace[] {
  return [...new Set([tmpdir(), '/dev/shm', '/run'])].flatMap((directory) => {
    const names = readOrNothing(() => readdirSync(directory)) ?? [];
    return names
      .filter((name) => /^\.?estiba/.test(name) && mayBeOurs(`${directory}/${name}`))
      .map((name) => ({
        key: `${directory}/${name}`,
        text: `file ${directory}/${name}`,
        ours: namesThisProcess(name),
      }));
  });
}

/** What an ordinary user makes is his; root makes things for others. */
function mayBeOurs(path: string): boolean {
  const own = process.geteuid?.();
  return own === 0 || readOrNothing(() => lstatSync(path).uid) === own;
}
