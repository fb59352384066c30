import { symlink as call, label, type Step } from '@estiba/syscalls';

/** A symbolic link at `path` that says `target`. symlink(2) */
export function symlink(target: string, path: string): Step[] {
  return [label(`link ${path} to ${target}`, call(target, path))];
}
