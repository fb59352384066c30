import { readFileSync, readlinkSync } from 'node:fs';

/**
 * A file name that says which thread of which process the file belongs to, so that another can tell whether it has been
 * abandoned:
 *
 *     <pid>.<tid>-<pid namespace>.<time namespace>.<boot>-<start of the thread>-<random>
 *
 * Numbers are used again, above all that of the only process of a container; a number and a start are not. They mean
 * something only where all of the middle is the same: the first pid namespace has the same inode on every machine, and a
 * directory may be shared by several; a start is told by the clock of the time namespace of whoever asks.
 */
export function ownedName(): string {
  self ??= nameOfThread();
  // Not by node:crypto, which Node loads longer than all of this package.
  const random = Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex');
  return `${self}-${random}`;
}

/** What has become of the thread that made the name. One of elsewhere cannot be asked, nor one of before the machine's start. */
export function ownerState(name: string): 'running' | 'ended' | 'unknown' {
  const [, pid, tid, there, start] = /^(\d+)\.(\d+)-([\w.]+)-(\d+)-[0-9a-f]{16}$/.exec(name) ?? [];
  here ??= whereabouts();
  if (pid === undefined || there !== here || here.includes('unknown')) return 'unknown';
  if (!isThere(Number(pid))) return 'ended';
  // Where the files of other users' processes are hidden, a number must do.
  if (statusOf(pid) === undefined) return 'running';
  const status = statusOf(`${pid}/task/${tid}`);
  return status?.start === Number(start) && !status.ended ? 'running' : 'ended';
}

let self: string | undefined;
let here: string | undefined;

function nameOfThread(): string {
  here ??= whereabouts();
  const tid = linkText('/proc/thread-self')?.split('/').at(-1) ?? process.pid;
  return `${process.pid}.${tid}-${here}-${statusOf('thread-self')?.start ?? 0}`;
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; the name, in parentheses, may hold anything.
function statusOf(task: string): { start: number; ended: boolean } | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const text = readFileSync(`/proc/${task}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { start: Number(fields[19]), ended: fields[0] === 'Z' || fields[0] === 'X' };
  } catch {
    return undefined;
  }
}

/**
 * In which numbers and times mean the same.
 * https://man7.org/linux/man-pages/man7/pid_namespaces.7.html, https://man7.org/linux/man-pages/man7/time_namespaces.7.html
 */
function whereabouts(): string {
  if (process.platform !== 'linux') return 'host';
  // That of another pid namespace, where nobody has mounted a new one.
  if (linkText('/proc/self') !== String(process.pid)) return 'unknown';
  return [namespace('pid'), namespace('time'), boot()].join('.');
}

/** Its inode. Linux before 5.6 has none for time. */
function namespace(kind: 'pid' | 'time'): string {
  const text = linkText(`/proc/self/ns/${kind}`);
  return /\d+/.exec(text ?? '')?.[0] ?? (kind === 'time' ? 'none' : 'unknown');
}

// https://man7.org/linux/man-pages/man4/random.4.html
function boot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim().replaceAll('-', '');
  } catch {
    return 'unknown';
  }
}

function linkText(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
