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
  mountSetattr,
  moveMount,
  openat2,
  openTree,
  type Step,
  symlink,
  syscall,
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
  // With all that is mounted there, the host's cgroups among it (CVE-2023-25809).
  const lock = mountSetattr(tree, { set: ['nosuid', 'nodev', 'noexec', 'rdonly'], recursive: true });
  return { tree, steps: [tree, lock] };
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

/**
 * The command may make nodes (CAP_MKNOD is one of Docker's), which is why no file system of the container lets any be
 * opened: only these are mounted once more, each on itself, without `nodev`.
 */
function makeDevices(dev: Call): Step[] {
  const S_IFCHR = 0o020000;
  return [
    ...Object.entries(nodes).flatMap(([name, device]) => {
      const node = openTree(name, ['clone'], { at: dev });
      return [mknod(name, S_IFCHR | 0o666, device, { at: dev }), node, ...cover(dev, name, node)];
    }),
    mountSetattr(dev, { set: ['nodev'] }),
    ...makeLinks(dev),
  ];
}

/** The host's nodes, mounted on empty files; read-only, or root inside, if it is root outside, could change their modes. */
function bindDevices(dev: Call): Step[] {
  const S_IFREG = 0o100000;
  return [
    ...Object.keys(nodes).flatMap((name) => {
      const node = openTree(`/dev/${name}`, ['clone']);
      const lock = mountSetattr(node, { set: ['rdonly', 'nosuid', 'noexec'] });
      return [mknod(name, S_IFREG | 0o666, [0, 0], { at: dev }), node, lock, ...cover(dev, name, node)];
    }),
    ...makeLinks(dev),
  ];
}

function cover(dev: Call, name: string, node: Call): Step[] {
  const target = openat2(dev, name, { flags: ['path'], resolve: ['beneath', 'no-symlinks'] });
  return [target, moveMount(node, target)];
}

/**
 * Where the command was to get the host's /dev/null it gets the container's: through the open file it could change the
 * mode, owner and times of the host's.
 */
export function reopenNull(dev: Call, streams: readonly number[]): Step[] {
  if (streams.length === 0) return [];
  const node = openat2(dev, 'null', { flags: ['rdwr'], resolve: ['beneath', 'no-symlinks'] });
  return [label('open /dev/null inside', [node, ...streams.map((stream) => syscall('dup3', node, stream, 0))])];
}

function makeLinks(dev: Call): Step[] {
  return Object.entries(links).map(([name, target]) => symlink(target, name, { at: dev }));
}
