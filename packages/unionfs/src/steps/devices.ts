/** A /dev with what programs expect, and no way to the devices of the machine. */
import { close, label, mkdir, mknod, moveMount, open, openTree, type Step, symlink, syscall } from '@estiba/syscalls';
import { directoryFor } from './mount-point.ts';
import { tmpfsTree } from './tmpfs.ts';

/** Major and minor number. https://docs.kernel.org/admin-guide/devices.html */
const nodes = {
  null: [1, 3],
  zero: [1, 5],
  full: [1, 7],
  random: [1, 8],
  urandom: [1, 9],
  tty: [5, 0],
} as const;

const links = {
  fd: '/proc/self/fd',
  stdin: '/proc/self/fd/0',
  stdout: '/proc/self/fd/1',
  stderr: '/proc/self/fd/2',
  ptmx: 'pts/ptmx',
} as const;

/** Mount points for devpts, and for file systems that live in memory. */
const folders = ['pts', 'shm', 'mqueue'] as const;

/**
 * Mount a fresh /dev. All is made by the descriptor of the new file system, never by a path of the tree it is for.
 * With `bind` the nodes are those of the machine: in a user namespace, where none can be made. mknod(2)
 */
export function devices(target = '/dev', options: { readonly bind?: boolean } = {}): Step[] {
  const { steps, tree } = tmpfsTree({ mode: 0o755, size: '64k', attributes: ['nosuid', 'noexec'] });
  const at = { at: tree };
  const S_IFCHR = 0o020000;
  const makeNodes = Object.entries(nodes).flatMap(([name, device]) => [
    label(`make ${target}/${name}`, [
      mknod(name, S_IFCHR | 0o666, device, at),
      // mknod(2) obeys the umask.
      syscall('fchmodat', tree, name, 0o666),
    ]),
  ]);
  const bindNodes = Object.keys(nodes).flatMap((name) => {
    const file = open(name, ['wronly', 'creat', 'excl'], { at: tree, mode: 0o666 });
    const node = openTree(`/dev/${name}`, ['clone']);
    return [label(`bind /dev/${name} to ${target}/${name}`, [file, close(file), node, moveMount(node, name, at)])];
  });
  return [
    label(`mount devices on ${target}`, [
      ...steps,
      ...Object.entries(links).map(([name, to]) => symlink(to, name, at)),
      ...folders.map((name) => mkdir(name, 0o755, at)),
      ...(options.bind ? [] : makeNodes),
      ...directoryFor(target),
      moveMount(tree, target),
      // A mount can be attached only to one that is attached itself, before Linux 6.15.
      ...(options.bind ? bindNodes : []),
    ]),
  ];
}
