/** What a mount goes onto is made when it is missing; where it cannot be made, attaching the mount says so. */
import { attempt, close, mkdir, open, type Step } from '@estiba/syscalls';

/** The directory and those above it. */
export function directoryFor(target: string): Step[] {
  return pathsTo(target).map((path) => attempt([mkdir(path)], ['*']));
}

/** A directory for a directory, an empty file for anything else: what `source` is, is known only when the program runs. */
export function placeFor(source: string, target: string): Step[] {
  const directory = open(source, ['path', 'directory']);
  const file = open(target, ['wronly', 'creat', 'excl', 'nofollow'], { mode: 0o644 });
  return [
    ...pathsTo(target)
      .slice(0, -1)
      .map((path) => attempt([mkdir(path)], ['*'])),
    attempt([directory, close(directory), mkdir(target)], ['*']),
    attempt([file, close(file)], ['*']),
  ];
}

function pathsTo(target: string): string[] {
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const start = target.startsWith('/') ? '/' : '';
  return parts.map((_, index) => start + parts.slice(0, index + 1).join('/'));
}
