import { readdirSync, readlinkSync } from 'node:fs';
import { mounts } from './mounts.ts';
import { type Process, readOrNothing } from './processes.ts';
import { namesThisProcess, type Trace } from './trace.ts';

/** Every namespace that a process is in, or that a mount keeps alive. One that only a descriptor holds shows up there. */
export function namespaceTraces(all: ReadonlyMap<number, Process>, tree: ReadonlySet<number>): Trace[] {
  const found = new Map<string, Trace>();
  for (const { pid, name } of all.values()) {
    for (const inode of namespacesOf(pid)) {
      const ours = tree.has(pid);
      if (found.get(inode)?.ours || (found.has(inode) && !ours)) continue;
      found.set(inode, { key: inode, text: `namespace ${inode} held by process ${pid} (${name})`, ours });
    }
  }
  for (const { type, root, target } of mounts()) {
    if (type !== 'nsfs' || found.has(root)) continue;
    found.set(root, {
      key: root,
      text: `namespace ${root} held by the mount on ${target}`,
      ours: namesThisProcess(target),
    });
  }
  return [...found.values()];
}

// https://man7.org/linux/man-pages/man7/namespaces.7.html: the link's text is the kind and the inode in nsfs.
function namespacesOf(pid: number): string[] {
  const directory = `/proc/${pid}/ns`;
  const names = readOrNothing(() => readdirSync(directory)) ?? [];
  return names.flatMap((name) => readOrNothing(() => readlinkSync(`${directory}/${name}`)) ?? []);
}
