/** Files and descriptors. */
import {
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_NOFOLLOW,
  bits,
  type OpenFlag,
  openFlags,
  type ResolveFlag,
  resolveFlags,
} from '../flags.ts';
import { type Arg, type Call, label, type Step, syscall, words } from '../program.ts';

/** A directory that relative paths begin at: a descriptor, or the working directory when left out. */
export type At = Arg;

/** openat(2); close-on-exec always. `mode` is for a file that is created. */
export function open(
  path: string | Uint8Array,
  flags: readonly OpenFlag[] = ['rdonly'],
  options: { at?: At; mode?: number } = {},
): Call {
  return syscall('openat', options.at ?? AT_FDCWD, path, bits(openFlags, [...flags, 'cloexec']), options.mode ?? 0);
}

/**
 * Open a path in a way that the kernel itself keeps below a directory. openat2(2)
 *
 * `in-root` treats the directory as `/`: absolute links and `..` stay inside. `beneath` refuses them. Linux 5.6.
 */
export function openat2(
  at: At,
  path: string | Uint8Array,
  options: { flags?: readonly OpenFlag[]; mode?: number; resolve?: readonly ResolveFlag[] } = {},
): Call {
  const flags = bits(openFlags, [...(options.flags ?? ['rdonly']), 'cloexec']);
  return syscall('openat2', at, path, words(flags, options.mode ?? 0, bits(resolveFlags, options.resolve)), 24);
}

export function close(fd: Arg): Call {
  return syscall('close', fd);
}

/** Create or cut a file and write text to it, or write to a file of the kernel's, in one write(2). */
export function writeFile(
  path: string,
  text: string,
  options: { at?: At; create?: boolean; mode?: number } = {},
): Step[] {
  const bytes = Buffer.from(text);
  const file = open(path, options.create ? ['wronly', 'creat', 'trunc'] : ['wronly'], {
    ...(options.at !== undefined && { at: options.at }),
    mode: options.mode ?? 0o644,
  });
  return [label(`write ${path}`, [file, syscall('write', file, bytes, bytes.length), close(file)])];
}

export function mkdir(path: string | Uint8Array, mode = 0o755, options: { at?: At } = {}): Call {
  return syscall('mkdirat', options.at ?? AT_FDCWD, path, mode);
}

/** symlinkat(2): `path` becomes a link to `target`. */
export function symlink(target: string | Uint8Array, path: string | Uint8Array, options: { at?: At } = {}): Call {
  return syscall('symlinkat', target, options.at ?? AT_FDCWD, path);
}

export function unlink(path: string | Uint8Array, options: { at?: At; directory?: boolean } = {}): Call {
  return syscall('unlinkat', options.at ?? AT_FDCWD, path, options.directory ? AT_REMOVEDIR : 0);
}

/** fchownat(2); a symbolic link itself, not what it points at. */
export function chown(path: string | Uint8Array, uid: number, gid: number, options: { at?: At } = {}): Call {
  return syscall('fchownat', options.at ?? AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

/** mknodat(2); `device` as `[major, minor]`. Needs CAP_MKNOD in the initial user namespace. */
export function mknod(
  path: string | Uint8Array,
  mode: number,
  device: readonly [number, number] = [0, 0],
  options: { at?: At } = {},
): Call {
  const [major, minor] = device;
  // The kernel's encoding of a device number: makedev(3)
  const dev = (minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12);
  return syscall('mknodat', options.at ?? AT_FDCWD, path, mode, dev >>> 0);
}

export function chdir(path: string): Call {
  return { ...syscall('chdir', path), label: `change to ${path}` };
}

export function fchdir(fd: Arg): Call {
  return syscall('fchdir', fd);
}
