import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { cgroupTrees } from './cgroup-trees.ts';
import { readOrNothing } from './processes.ts';
import { namesThisProcess, type Trace } from './trace.ts';

/** Every cgroup below an `estiba`, wherever this process could have made it, in every mounted hierarchy of either version. */
export function cgroupTraces(tree: ReadonlySet<number>): Trace[] {
  return cgroupTrees().flatMap(({ directory, root }) =>
    below(`${directory}/estiba`).map((path) => {
      const members = membersOf(path);
      const who = members.length > 0 ? `, with processes ${members.join(', ')}` : '';
      const ours = namesThisProcess(path.slice(root.length)) || members.some((pid) => tree.has(pid));
      return { key: path, text: `cgroup ${path}${who}`, ours };
    }),
  );
}

function below(directory: string): string[] {
  const entries = readOrNothing<Dirent[]>(() => readdirSync(directory, { withFileTypes: true })) ?? [];
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => `${directory}/${entry.name}`);
  return folders.flatMap((folder) => [folder, ...below(folder)]);
}

function membersOf(path: string): number[] {
  const text = readOrNothing(() => readFileSync(`${path}/cgroup.procs`, 'utf8')) ?? '';
  return text.split('\n').filter(Boolean).map(Number);
}
