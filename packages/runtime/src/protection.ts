/** What a container may not see, or not change, of the kernel's own file systems: Docker's lists. */
import { attempt, type Call, label, mountSetattr, moveMount, openat2, openTree, type Step } from '@estiba/syscalls';
import type { Trees } from './filesystems.ts';
import type { OwnFiles } from './own-files.ts';

/** Files and directories that tell about the host, or let it be touched. */
export const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
] as const;

export const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'] as const;

const directories: ReadonlySet<string> = new Set([
  '/proc/acpi',
  '/proc/asound',
  '/proc/scsi',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
]);

/**
 * Masked files show /dev/null, masked directories an empty read-only one. What is put there is ours: the null device of
 * our own tmpfs, never a path of the image (CVE-2025-31133). What this kernel does not have is left out.
 */
export function protect(trees: Trees, own: Pick<OwnFiles, 'emptyDirectory'>): Step[] {
  const masks = maskedPaths.map((path) => {
    const target = targetOf(trees, path);
    const source = directories.has(path) ? own.emptyDirectory() : nullDevice(trees);
    return attempt([target, ...source.steps, moveMount(source.tree, target)], ['ENOENT', 'ENOTDIR']);
  });
  const locks = readonlyPaths.map((path) => {
    const { at, name } = split(trees, path);
    const tree = openTree(name, ['clone', 'recursive', 'nofollow'], { at });
    const target = targetOf(trees, path);
    return attempt(
      [tree, mountSetattr(tree, { set: ['rdonly'], recursive: true }), target, moveMount(tree, target)],
      ['ENOENT'],
    );
  });
  return [label('mask paths', masks), label('make paths read-only', locks)];
}

function nullDevice(trees: Trees): { tree: Call; steps: Step[] } {
  const tree = openTree('null', ['clone'], { at: trees.dev });
  return { tree, steps: [tree] };
}

function targetOf(trees: Trees, path: string): Call {
  const { at, name } = split(trees, path);
  return openat2(at, name, { flags: ['path'], resolve: ['beneath', 'no-symlinks'] });
}

function split(trees: Trees, path: string): { at: Call; name: string } {
  const [, top, ...rest] = path.split('/');
  return { at: top === 'proc' ? trees.proc : trees.sys, name: rest.join('/') };
}
