import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes that removing a tree gives back; a file with several names inside counts once. */
export async function diskUsage(directory: string, seen = new Set<string>()): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([Buffer.from(`${directory}/`, 'latin1'), entry.name]);
    const stats = await lstat(path);
    if (stats.nlink > 1 && !stats.isDirectory()) {
      const key = `${stats.dev}:${stats.ino}`;
      if (seen.has(key)) continue;
      seen.add(key);
    }
    bytes += stats.blocks * 512;
    if (stats.isDirectory()) bytes += await diskUsage(join(directory, entry.name.toString()), seen);
  }
  return bytes;
}
