/** /etc/hosts, /etc/hostname and /etc/resolv.conf, and an empty directory: what a container gets that no image has. */
import { readFileSync } from 'node:fs';
import {
  type Arg,
  attempt,
  type Call,
  label,
  mkdir,
  mknod,
  mountSetattr,
  moveMount,
  open,
  openat2,
  openTree,
  type Step,
  syscall,
} from '@estiba/syscalls';
import { filesystem } from './filesystems.ts';

export interface EtcFiles {
  readonly hosts: string;
  readonly hostname: string;
  readonly 'resolv.conf': string;
}

/** With the host's network its own files; without a network nobody is known but the container itself. */
export function etcFiles(options: { hostname: string; hostNetwork: boolean }): EtcFiles {
  const { hostname, hostNetwork } = options;
  const own = `127.0.0.1\tlocalhost ${hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n`;
  return {
    hosts: hostNetwork ? (read('/etc/hosts') ?? own) : own,
    hostname: `${hostname}\n`,
    'resolv.conf': hostNetwork ? (read('/etc/resolv.conf') ?? '') : '',
  };
}

export interface OwnFiles {
  /** Before the root is attached. */
  readonly make: Step[];
  /** After it: mounts the files over those of the image. */
  readonly mountEtc: (root: Handle) => Step[];
  /** Read-only, to hide directories with; a copy of it is taken for each. */
  readonly emptyDirectory: () => { readonly tree: Call; readonly steps: Step[] };
}

type Handle = Exclude<Arg, string | undefined>;

/**
 * What we put into a container lies in one small tmpfs. It has to be attached before single files of it can be taken
 * (open_tree(2) copies mounts of our own namespace only, before Linux 6.15), so it goes onto the old root, which we are
 * about to leave: onto /proc, which is there, as the launcher was started from it, and is not needed any more.
 */
export function ownFiles(files: EtcFiles): OwnFiles {
  const tmpfs = filesystem('tmpfs', ['mode=755', 'size=1m'], ['nosuid', 'nodev', 'noexec']);
  const made = Object.entries(files).map(([name, text]) => ({ name, ...makeFile(tmpfs.tree, name, text) }));
  const steps = [
    ...tmpfs.steps,
    mkdir('empty', 0o555, { at: tmpfs.tree }),
    moveMount(tmpfs.tree, '/proc'),
    ...made.flatMap(({ steps }) => steps),
  ];
  return {
    make: [label("make the container's own files", steps)],
    mountEtc(root) {
      const etc = openat2(root, 'etc', { flags: ['path', 'directory'], resolve: ['in-root', 'no-magiclinks'] });
      // An image without /etc gets none of them.
      return [
        label(
          'mount the files of /etc',
          attempt([etc, ...made.flatMap(({ name, tree }) => mountFile(etc, name, tree))], ['ENOENT', 'ENOTDIR']),
        ),
      ];
    },
    emptyDirectory() {
      const tree = openTree('empty', ['clone'], { at: tmpfs.tree });
      return { tree, steps: [tree, mountSetattr(tree, { set: ['rdonly'] })] };
    },
  };
}

function makeFile(tmpfs: Call, name: string, text: string): { steps: Step[]; tree: Call } {
  const content = Buffer.from(text);
  const file = open(name, ['wronly', 'creat', 'excl'], { at: tmpfs, mode: 0o644 });
  const tree = openTree(name, ['clone'], { at: tmpfs });
  return {
    tree,
    steps: [file, ...(content.length > 0 ? [syscall('write', file, content, content.length)] : []), tree],
  };
}

const S_IFREG = 0o100000;

/** A link that an image has there is left as it is: what it leads to is not ours to cover. */
function mountFile(etc: Call, name: string, tree: Call): Step[] {
  // Without opening it: a mount with a file open for writing cannot become read-only.
  const create = mknod(name, S_IFREG | 0o644, [0, 0], { at: etc });
  const target = openat2(etc, name, { flags: ['path'], resolve: ['beneath', 'no-symlinks'] });
  return [attempt([create], ['EEXIST', 'EROFS']), attempt([target, moveMount(tree, target)], ['ENOENT', 'ELOOP'])];
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
