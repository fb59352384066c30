/**
 * What every container finds mounted: /proc, /dev, /sys and what belongs to them.
 *
 * The image's own files are hostile: a symbolic link at a mount point could lead anywhere. So mount points are opened
 * by the kernel below the root's descriptor, links refused, and mounted on by descriptor; what is made under /dev is
 * made relative to our own tmpfs (CVE-2019-16884, CVE-2021-30465, CVE-2026-41579).
 */
import {
  type Arg,
  attempt,
  type Call,
  fsconfig,
  fscreate,
  fsmount,
  fsopen,
  label,
  type MountAttribute,
  mkdir,
  mknod,
  moveMount,
  openat2,
  openTree,
  type Step,
  symlink,
} from '@estiba/syscalls';

type Handle = Exclude<Arg, string | undefined>;

export interface Trees {
  readonly steps: Step[];
  readonly proc: Call;
  readonly dev: Call;
  readonly sys: Call;
}

export interface FilesystemOptions {
  readonly root: Handle;
  /** In a user namespace device nodes cannot be made, and group 5 may not exist. */
  readonly rootless: boolean;
  /** Without a network namespace of its own a user namespace may not mount sysfs. */
  readonly ownNetwork: boolean;
}

/** Trees of the host that must be taken before the root is switched. */
export function mountFilesystems(options: FilesystemOptions): Trees {
  const { root, rootless } = options;
  const proc = filesystem('proc', [], ['nosuid', 'nodev', 'noexec']);
  const dev = filesystem('tmpfs', ['mode=755', 'size=65536k'], ['nosuid', 'strictatime']);
  const pts = filesystem(
    'devpts',
    ['newinstance', 'ptmxmode=0666', 'mode=0620', ...(rootless ? [] : ['gid=5'])],
    ['nosuid', 'noexec'],
  );
  const shm = filesystem('tmpfs', ['mode=1777', 'size=65536k'], ['nosuid', 'nodev', 'noexec']);
  const mqueue = filesystem('mqueue', [], ['nosuid', 'nodev', 'noexec']);
  const sys =
    options.ownNetwork || !rootless ? filesystem('sysfs', [], ['nosuid', 'nodev', 'noexec', 'rdonly']) : hostSys();
  return {
    proc: proc.tree,
    dev: dev.tree,
    sys: sys.tree,
    steps: [
      label('mount proc on /proc', [...proc.steps, ...attach(proc.tree, root, 'proc')]),
      label('mount tmpfs on /dev', [...dev.steps, ...attach(dev.tree, root, 'dev')]),
      label('make the devices', rootless ? bindDevices(dev.tree) : makeDevices(dev.tree)),
      label('mount devpts on /dev/pts', [...pts.steps, ...attach(pts.tree, dev.tree, 'pts')]),
      label('mount tmpfs on /dev/shm', [...shm.steps, ...attach(shm.tree, dev.tree, 'shm')]),
      label('mount mqueue on /dev/mqueue', [...mqueue.steps, ...attach(mqueue.tree, dev.tree, 'mqueue')]),
      label('mount sysfs on /sys', [...sys.steps, ...attach(sys.tree, root, 'sys')]),
    ],
  };
}

interface Tree {
  readonly tree: Call;
  readonly steps: Step[];
}

/** A new file system that is attached nowhere; `parameters` as mount(8) writes them. */
export function filesystem(type: string, parameters: readonly string[], attributes: readonly MountAttribute[]): Tree {
  const context = fsopen(type);
  const tree = fsmount(context, attributes);
  const settings = [`source=${type}`, ...parameters].map((parameter) => {
    const [key = '', value] = parameter.split('=');
    return fsconfig(context, key, value);
  });
  return { tree, steps: [context, ...settings, fscreate(context), tree] };
}

function hostSys(): Tree {
  const tree = openTree('/sys', ['clone', 'recursive']);
  return { tree, steps: [tree] };
}

/** Mount on a directory directly below `parent`, which is made if it is missing; a link there is refused with ELOOP. */
export function attach(tree: Call, parent: Handle, name: string): Step[] {
  const target = openat2(parent, name, {
    flags: ['path'],
    resolve: ['beneath', 'no-symlinks'],
  });
  return [
    attempt([mkdir(name, 0o755, { at: parent })], ['EEXIST', 'EROFS', 'EACCES']),
    target,
    moveMount(tree, target),
  ];
}

const nodes = { null: [1, 3], zero: [1, 5], full: [1, 7], random: [1, 8], urandom: [1, 9], tty: [5, 0] } as const;

// fd, stdin, stdout and stderr lead to the own process; ptmx to the container's own devpts.
const links = {
  fd: '/proc/self/fd',
  stdin: '/proc/self/fd/0',
  stdout: '/proc/self/fd/1',
  stderr: '/proc/self/fd/2',
  ptmx: 'pts/ptmx',
} as const;

function makeDevices(dev: Call): Step[] {
  const S_IFCHR = 0o020000;
  return [
    ...Object.entries(nodes).map(([name, device]) => mknod(name, S_IFCHR | 0o666, device, { at: dev })),
    ...makeLinks(dev),
  ];
}

/** The host's nodes, mounted on empty files. */
function bindDevices(dev: Call): Step[] {
  const S_IFREG = 0o100000;
  return [
    ...Object.keys(nodes).flatMap((name) => {
      const node = openTree(`/dev/${name}`, ['clone']);
      const target = openat2(dev, name, { flags: ['path'], resolve: ['beneath', 'no-symlinks'] });
      return [mknod(name, S_IFREG | 0o666, [0, 0], { at: dev }), node, target, moveMount(node, target)];
    }),
    ...makeLinks(dev),
  ];
}

function makeLinks(dev: Call): Step[] {
  return Object.entries(links).map(([name, target]) => symlink(target, name, { at: dev }));
}
