import { readFileSync, readlinkSync } from 'node:fs';

/**
 * A file name that says which process the file belongs to, so that another can tell whether it has been abandoned:
 *
 *     <pid>-<pid namespace>-<start of the process>-<random>
 *
 * Numbers of processes are used again, above all that of the only process of a container; a number and a start are not.
 */
export function ownedName(): string {
  self ??= `${process.pid}-${pidNamespace()}-${statusOf('self')?.start ?? 0}`;
  // Not by node:crypto, which Node loads longer than all of this package.
  const random = Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex');
  return `${self}-${random}`;
}

/** What has become of the process that made the name. One of another pid namespace cannot be asked. */
export function ownerState(name: string): 'running' | 'ended' | 'unknown' {
  const [, pid, namespace, start] = /^(\d+)-(\w+)-(\d+)-[0-9a-f]{16}$/.exec(name) ?? [];
  if (pid === undefined || namespace !== pidNamespace() || namespace === 'unknown') return 'unknown';
  if (!isThere(Number(pid))) return 'ended';
  const status = statusOf(pid);
  // Where the files of other users' processes are hidden, a number must do.
  if (status === undefined) return 'running';
  return status.start === Number(start) && !status.ended ? 'running' : 'ended';
}

let self: string | undefined;

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; the name, in parentheses, may hold anything.
function statusOf(pid: string): { start: number; ended: boolean } | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { start: Number(fields[19]), ended: fields[0] === 'Z' || fields[0] === 'X' };
  } catch {
    return undefined;
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
