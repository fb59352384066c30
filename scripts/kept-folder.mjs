// Folders of what was fetched, kept for the next time: each is whole or absent, also when two runs start at once.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Root's is where every user may execute what is in it. */
export function cacheDirectory() {
  if (process.env.ESTIBA_CACHE) return process.env.ESTIBA_CACHE;
  if (process.geteuid() === 0) return '/var/cache/estiba';
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'estiba');
}

/** Unless it is there, `fill` is given another folder, which becomes this one when it is done. */
export async function keepFolder(directory, fill) {
  mkdirSync(dirname(directory), { recursive: true });
  removeAbandoned(directory);
  if (existsSync(directory)) return;
  const temporary = mkdtempSync(`${directory}.tmp-`);
  try {
    await fill(temporary);
    // mkdtemp makes folders of mode 0700.
    chmodSync(temporary, 0o755);
    publish(temporary, directory);
  } finally {
    rmSync(temporary, { recursive: true, force: true, maxRetries: 10 });
  }
}

function publish(temporary, directory) {
  try {
    renameSync(temporary, directory);
  } catch (error) {
    // Another run was faster; what it made is as good as ours.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  }
}

/** What a run that was killed has left, an hour ago or more: nobody can be working on it any longer. */
function removeAbandoned(directory) {
  for (const name of readdirSync(dirname(directory))) {
    if (!name.startsWith(`${basename(directory)}.tmp-`)) continue;
    const path = join(dirname(directory), name);
    const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - modified > 3_600_000) rmSync(path, { recursive: true, force: true });
  }
}
