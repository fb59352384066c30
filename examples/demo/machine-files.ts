import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { LayerEntry } from './layer-tar.ts';

/** Programs of this machine, and the libraries and files of /etc that they need. */
export function machineFiles(commands: readonly string[]): { libraries: LayerEntry[]; programs: LayerEntry[] } {
  const files = commands.map(find);
  const needed = [...new Set(files.flatMap(librariesOf)), ...['/etc/os-release'].filter((path) => existsSync(path))];
  const libraries = collect(needed);
  const programs = collect(files).filter(({ path }) => !libraries.some((other) => other.path === path));
  return { libraries: [...libraries, ...accounts], programs };
}

// Not this machine's: nobody's name leaves it.
const accounts: LayerEntry[] = [
  textFile('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n'),
  textFile('etc/group', 'root:x:0:\nnogroup:x:65534:\n'),
];

function textFile(path: string, text: string): LayerEntry {
  return { path, type: 'File', mode: 0o644, content: Buffer.from(text) };
}

function find(command: string): string {
  const folders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];
  const found = folders.map((folder) => join(folder, command)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`cannot find ${command} in ${folders.join(', ')}: is coreutils installed?`);
  return found;
}

/** The dynamic linker among them. A static program has none. */
function librariesOf(file: string): string[] {
  const { stdout, error } = spawnSync('ldd', [file], { encoding: 'utf8' });
  if (error) throw new Error(`cannot run ldd on ${file}: ${error.message}`);
  return [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(([, path]) => path ?? '');
}

/** Each file with the folders and symbolic links that lead to it, once. */
function collect(files: readonly string[]): LayerEntry[] {
  const entries = new Map<string, LayerEntry>();
  for (const file of files) add(file, entries);
  return [...entries.values()];
}

function add(file: string, entries: Map<string, LayerEntry>): void {
  let path = '';
  const rest = file.split('/').filter(Boolean);
  while (rest.length > 0) {
    path = `${path}/${rest.shift()}`;
    const entry = entryFor(path);
    entries.set(entry.path, entry);
    if (entry.target === undefined) continue;
    // From here the way leads elsewhere: /bin is usr/bin on most machines.
    rest.unshift(...resolve(dirname(path), entry.target).split('/').filter(Boolean));
    path = '';
  }
}

function entryFor(path: string): LayerEntry {
  const { mode } = lstatSync(path);
  const name = path.slice(1);
  if (lstatSync(path).isSymbolicLink()) return { path: name, type: 'SymbolicLink', target: readlinkSync(path) };
  if (lstatSync(path).isDirectory()) return { path: name, type: 'Directory', mode: mode & 0o755 };
  // No set-user-id bit gets into an image by accident.
  return { path: name, type: 'File', mode: mode & 0o755, content: readFileSync(path) };
}
