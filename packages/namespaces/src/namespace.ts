import { closeSync, constants, existsSync, fstatSync, openSync, unlinkSync } from 'node:fs';
import { type CloneFlag, Fd, mount, perform, SyscallError, syscall } from '@estiba/syscalls';
import { type NamespaceKind, procNames, requireKind } from './kinds.ts';
import { NamespaceError } from './namespace-error.ts';

/** A handle that keeps a namespace alive for as long as it is open. */
export class Namespace implements Disposable {
  readonly kind: NamespaceKind;
  /** The inode of the namespace: two handles with the same one are of the same namespace. */
  readonly id: bigint;
  readonly fd: Fd;

  private constructor(kind: NamespaceKind, fd: Fd) {
    this.kind = kind;
    this.fd = fd;
    this.id = fstatSync(fd.number, { bigint: true }).ino;
  }

  /** That of a process. Needs to be allowed to inspect it: ptrace(2), PTRACE_MODE_READ_FSCREDS. */
  static async of(pid: number | 'self', kind: NamespaceKind): Promise<Namespace> {
    if (pid !== 'self' && !(Number.isSafeInteger(pid) && pid > 0)) throw new TypeError(`no process id: ${pid}`);
    requireKind(kind);
    return new Namespace(kind, openNamespace(`/proc/${pid}/ns/${procNames[kind]}`, kind));
  }

  /** That which is pinned at a path, or a file under /proc/PID/ns. ioctl_ns(2) */
  static async open(path: string): Promise<Namespace> {
    const fd = openNamespace(path);
    const NS_GET_NSTYPE = 0xb703;
    const type = syscall('ioctl', fd, NS_GET_NSTYPE, 0);
    try {
      const kind = kindOf.get(perform([type]).of(type));
      if (kind !== undefined) return new Namespace(kind, fd);
    } catch (cause) {
      fd.close();
      if (cause instanceof SyscallError)
        throw new NamespaceError('NAMESPACE_UNSUPPORTED', `${path} is not a namespace`, { cause });
      throw cause;
    }
    fd.close();
    throw new NamespaceError('NAMESPACE_UNSUPPORTED', `${path} is a namespace of a kind that is not known here`);
  }

  equals(other: Namespace): boolean {
    return this.id === other.id && this.kind === other.kind;
  }

  /** Bind-mount the namespace on a path, so that it outlives every process in it; unmount and remove the file to let it go. */
  async pin(path: string): Promise<void> {
    const made = !existsSync(path);
    closeSync(openSync(path, 'a'));
    try {
      perform([mount({ source: `/proc/self/fd/${this.fd.number}`, target: path, flags: ['bind'] })]);
    } catch (error) {
      if (made) unlinkSync(path);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.fd.close();
  }
}

// CLONE_NEW* values, as NS_GET_NSTYPE returns them
const kindOf = new Map<number, CloneFlag>([
  [0x80, 'time'],
  [0x20000, 'mount'],
  [0x2000000, 'cgroup'],
  [0x4000000, 'uts'],
  [0x8000000, 'ipc'],
  [0x10000000, 'user'],
  [0x20000000, 'pid'],
  [0x40000000, 'network'],
]);

function openNamespace(path: string, kind?: NamespaceKind): Fd {
  try {
    // A path that is a pipe instead would keep us waiting.
    return Fd.open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'NAMESPACE_UNSUPPORTED';
    const why =
      code === 'ENOENT'
        ? 'the process has gone, or this kernel has no such namespaces'
        : code === 'EACCES'
          ? 'inspecting that process is not allowed'
          : code;
    throw new NamespaceError(code, `cannot open namespace ${path}: ${why}`, { cause, ...(kind && { kind }) });
  }
}
