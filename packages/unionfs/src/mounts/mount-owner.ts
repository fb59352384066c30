/**
 * Who made a mount, noted in the mount itself: as its source, which the kernel shows in /proc/mounts for as long as the mount is
 * there, whatever becomes of its maker.
 *
 *     estiba-1234-567890-4026531836-4026531834-9f86d081884c7d65
 *            |    |      |          |          target: a bind to another place has the same source, and was made by others
 *            |    |      |          time namespace, whose clock it is
 *            |    |      pid namespace, in which the number means something
 *            |    when that process started, in clock ticks: numbers are used again
 *            process
 *
 * proc_pid_mountinfo(5), proc_pid_stat(5), pid_namespaces(7), time_namespaces(7)
 */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import type { MountPoint } from './mountinfo.ts';

/** For a mount of this process on a target, which is given as the kernel will list it: absolute, without links. */
export function ownSource(target: string): string {
  return ['estiba', process.pid, startOf('self'), ...namespaces(), digest(target)].join('-');
}

type Owner = 'running' | 'ended' | 'unknown';

/** What has become of who made a mount: `unknown` unless it certainly runs, or has certainly ended. */
export function ownerOf({ source, target }: MountPoint): Owner {
  const [, pid = '', start, pids, times, place] = /^estiba-(\d+)-(\d+)-(\d+)-(\d+)-(\w{16})$/.exec(source) ?? [];
  const here = namespaces();
  if (place !== digest(target) || pids !== here[0] || times !== here[1] || !seesItself()) return 'unknown';
  if (!isThere(Number(pid))) return 'ended';
  const found = startOf(pid);
  if (found === undefined) return 'unknown';
  return found === start ? 'running' : 'ended';
}

/** The same of one of these, as listed together. A mount bound to its own place is there twice, and nobody can tell who did that. */
export function ownerAmong(all: readonly MountPoint[], mount: MountPoint): Owner {
  const { source, target, device } = mount;
  const same = all.filter((one) => one.source === source && one.target === target && one.device === device);
  return same.length === 1 ? ownerOf(mount) : 'unknown';
}

/** A number nobody has; one of somebody else's is there, too. kill(2) */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Of one that has ended and waits for its parent to notice, that it never was. */
function startOf(pid: string): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name before them may hold anything, but is the last in parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state, threads] = [fields[0], Number(fields[17])];
    return state === 'X' || (state === 'Z' && threads <= 1) ? 'ended' : fields[19];
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** Of this process, as their numbers; 0 where the kernel has none of a kind. */
function namespaces(): [pids: string, times: string] {
  const numberOf = (kind: string) => String(statSync(`/proc/self/ns/${kind}`, { throwIfNoEntry: false })?.ino ?? 0);
  return [numberOf('pid'), numberOf('time')];
}

/** Or /proc is that of another pid namespace, where the numbers mean others. */
function seesItself(): boolean {
  return readlinkSync('/proc/self') === String(process.pid);
}

function digest(target: string): string {
  return createHash('sha256').update(target).digest('hex').slice(0, 16);
}
