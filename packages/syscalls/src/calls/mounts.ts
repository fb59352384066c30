/** The mount API: by descriptor where the kernel offers it, so that nothing is looked up twice. */
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  AT_SYMLINK_NOFOLLOW,
  bits,
  type MountAttribute,
  type MountFlag,
  mountAttributes,
  mountFlags,
  openFlags,
  type UmountFlag,
  umountFlags,
} from '../flags.ts';
import { type Arg, type Call, syscall, words } from '../program.ts';

/** mount(2): by path; for what the calls below cannot do. Needs CAP_SYS_ADMIN, as all of these do. */
export function mount(options: {
  source?: string;
  target: string;
  type?: string;
  flags?: readonly MountFlag[];
  data?: string;
}): Call {
  const { source, target, type, flags, data } = options;
  return {
    ...syscall('mount', source, target, type, bits(mountFlags, flags), data),
    label: `mount ${type ?? source ?? flags?.join(' ')} on ${target}`,
  };
}

/** A new file system context, to configure before it is mounted. fsopen(2), Linux 5.2 */
export function fsopen(type: string): Call {
  const FSOPEN_CLOEXEC = 1;
  return { ...syscall('fsopen', type, FSOPEN_CLOEXEC), label: `open a ${type} context` };
}

/** Set a parameter: a text, a descriptor (the result of a call), or a flag when left out. fsconfig(2) */
export function fsconfig(context: Call, key: string, value?: string | Call): Call {
  const [SET_FLAG, SET_STRING, SET_FD] = [0, 1, 5];
  const args: Arg[] =
    value === undefined
      ? [SET_FLAG, key, undefined, 0]
      : typeof value === 'string'
        ? [SET_STRING, key, value, 0]
        : [SET_FD, key, undefined, value];
  return {
    ...syscall('fsconfig', context, ...args),
    label: `set ${key}${typeof value === 'string' ? `=${value}` : ''}`,
    log: context,
  };
}

/** Bring the configured file system into being. fsconfig(2), FSCONFIG_CMD_CREATE */
export function fscreate(context: Call): Call {
  const CMD_CREATE = 6;
  return {
    ...syscall('fsconfig', context, CMD_CREATE, undefined, undefined, 0),
    label: `create ${String(context.args[0])}`,
    log: context,
  };
}

/** A mount of it that is nowhere yet, with its attributes already set. fsmount(2) */
export function fsmount(context: Call, attributes: readonly MountAttribute[] = []): Call {
  const FSMOUNT_CLOEXEC = 1;
  return {
    ...syscall('fsmount', context, FSMOUNT_CLOEXEC, bits(mountAttributes, attributes)),
    label: `mount ${String(context.args[0])}`,
    log: context,
  };
}

/** A mount, or with `clone` a copy of it that is nowhere yet, for a bind. open_tree(2), Linux 5.2 */
export function openTree(
  path: string,
  flags: readonly ('clone' | 'recursive' | 'nofollow' | 'empty-path')[] = [],
  options: { at?: Arg } = {},
): Call {
  const OPEN_TREE_CLONE = 1;
  const sum =
    openFlags.cloexec |
    (flags.includes('clone') ? OPEN_TREE_CLONE : 0) |
    (flags.includes('recursive') ? AT_RECURSIVE : 0) |
    (flags.includes('nofollow') ? AT_SYMLINK_NOFOLLOW : 0) |
    (flags.includes('empty-path') ? AT_EMPTY_PATH : 0);
  return { ...syscall('open_tree', options.at ?? AT_FDCWD, path, sum), label: `take ${path === '' ? 'a tree' : path}` };
}

/** Attributes of a mount, set before it is attached so that no moment passes without them. mount_setattr(2), Linux 5.12 */
export function mountSetattr(
  tree: Call,
  attributes: {
    set?: readonly MountAttribute[];
    clear?: readonly MountAttribute[];
    propagation?: 'private' | 'slave' | 'shared';
    idmap?: Arg;
    recursive?: boolean;
  },
): Call {
  const set = bits(mountAttributes, attributes.set) | (attributes.idmap === undefined ? 0 : mountAttributes.idmap);
  const propagation = attributes.propagation === undefined ? 0 : mountFlags[attributes.propagation];
  const attr = words(set, bits(mountAttributes, attributes.clear), propagation, attributes.idmap ?? 0);
  return syscall('mount_setattr', tree, '', AT_EMPTY_PATH | (attributes.recursive ? AT_RECURSIVE : 0), attr, 32);
}

/** Attach a mount: at a path, or at what an open descriptor (a call) stands for. move_mount(2) */
export function moveMount(tree: Call, target: string | Call, options: { at?: Arg } = {}): Call {
  const [F_EMPTY_PATH, T_EMPTY_PATH] = [4, 0x40];
  if (typeof target === 'string')
    return {
      ...syscall('move_mount', tree, '', options.at ?? AT_FDCWD, target, F_EMPTY_PATH),
      label: `attach at ${target}`,
    };
  return syscall('move_mount', tree, '', target, '', F_EMPTY_PATH | T_EMPTY_PATH);
}

/** umount2(2) */
export function umount(target: string, flags: readonly UmountFlag[] = []): Call {
  return { ...syscall('umount2', target, bits(umountFlags, flags)), label: `unmount ${target}` };
}
