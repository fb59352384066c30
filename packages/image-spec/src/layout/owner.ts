import { randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';

/** A file name that says which process the file belongs to, so that another can tell whether it has been abandoned. */
export function ownedName(): string {
  return `${process.pid}-${pidNamespace()}-${randomBytes(8).toString('hex')}`;
}

/** Whether the process that made the name has certainly ended. A process of another pid namespace cannot be asked. */
export function isAbandoned(name: string): boolean {
  const [, pid, namespace] = /^(\d+)-(\w+)-[0-9a-f]{16}$/.exec(name) ?? [];
  if (pid === undefined || namespace !== pidNamespace()) return false;
  return Number(pid) !== process.pid && !isRunning(Number(pid));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

// The inode of the namespace: process numbers mean something only inside the same one.
// https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
function pidNamespace(): string {
  if (process.platform !== 'linux') return 'host';
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
