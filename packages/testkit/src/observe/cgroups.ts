import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { mounts } from './mounts.ts';
import { readOrNothing } from './processes.ts';
import { namesThisProcess, type Trace } from './trace.ts';

/** Every cgroup below `/estiba`, in every mounted hierarchy of either version. */
export function cgroupTraces(tree: ReadonlySet<number>): Trace[] {
  const hierarchies = mounts().filter(({ type }) => type === 'cgroup' || type === 'cgroup2');
  return [...new Set(hierarchies.map(({ target }) => target))].flatMap((target) =>
    below(`${target}/estiba`).map((path) => {
      const members = membersOf(path);
      const who = members.length > 0 ? `, with processes ${members.join(', ')}` : '';
      const ours = namesThisProcess(path.slice(target.length)) || members.some((pid) => tree.has(pid));
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
