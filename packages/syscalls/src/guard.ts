/** What a program may not do in this process, and the way back from what it may. */
import { openSync } from 'node:fs';
import { compile } from './compile.ts';
import { Fd } from './fd.ts';
import { type CloneFlag, cloneFlags } from './flags.ts';
import { Job } from './job.ts';
import { type Arg, type Call, syscall } from './program.ts';

/** Names under /proc/thread-self/ns of the namespaces that one thread may leave for a moment. namespaces(7) */
const leavable = { network: 'net', uts: 'uts', ipc: 'ipc', cgroup: 'cgroup' } as const satisfies Partial<
  Record<CloneFlag, string>
>;
type Leavable = keyof typeof leavable;

const forbidden: ReadonlyMap<string, string> = new Map([
  ...because('a copy of a process with threads cannot run', 'clone clone3 fork vfork'),
  ...because('it would replace or end this process', 'execve execveat exit exit_group'),
  ...because(
    'it is shared with, or differs from, the other threads of this process',
    'chdir fchdir chroot pivot_root umask setsid setpgid',
  ),
  ...because(
    'it would apply to one thread only',
    'setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset seccomp personality landlock_restrict_self',
  ),
  ...because(
    'Node relies on its own',
    'rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack brk munmap mremap mprotect set_tid_address set_robust_list arch_prctl rseq',
  ),
  ...because('it would close or replace descriptors of this process', 'close_range dup2 dup3'),
]);
// prctl(2): what only reads, and PR_SET_CHILD_SUBREAPER
const harmlessOptions = new Set<unknown>([2, 3, 7, 16, 21, 23, 27, 30, 36, 37, 39]);
const [P_ALL, P_PGID, WNOWAIT] = [0, 2, 0x1000000];
const waiting = 'it would take the exit of a child that Node waits for';

export class Guard {
  #left: Set<Leavable> | undefined;

  /** Whether the program leaves a namespace. */
  get leaves(): boolean {
    return this.#left !== undefined;
  }

  readonly check = (call: Call): void => {
    const { name, args } = call;
    const reason = forbidden.get(name);
    if (reason !== undefined) throw refusal(name, reason);
    if (name === 'unshare') this.#leave(name, args[0]);
    else if (name === 'setns') this.#leave(name, args[1]);
    else if (name === 'prctl' && !harmlessOptions.has(args[0]))
      throw refusal(`prctl(${args[0]})`, 'it would change this process or one thread of it');
    else if (name === 'wait4' && !(Number(args[0]) > 0)) throw refusal('wait4 for any child', waiting);
    else if (name === 'waitid' && (args[0] === P_ALL || args[0] === P_PGID) && !(Number(args[3]) & WNOWAIT))
      throw refusal('waitid for any child', waiting);
  };

  /** To be disposed of when the program has run. */
  wayBack(): Disposable {
    const saved = [...(this.#left ?? [])].map((kind) => ({
      kind,
      fd: new Fd(openSync(`/proc/thread-self/ns/${leavable[kind]}`, 'r')),
    }));
    return {
      [Symbol.dispose]() {
        const job = new Job();
        compile(
          saved.map(({ kind, fd }) => syscall('setns', fd, cloneFlags[kind])),
          { allocate: job.allocate },
        );
        const failure = job.run();
        for (const { fd } of saved) fd.close();
        if (failure === undefined) return;
        const kinds = saved.map(({ kind }) => kind).join(', ');
        throw new Error(`cannot return to the ${kinds} namespace (error ${failure.errno}): this process must end`);
      },
    };
  }

  #leave(name: string, flags: Arg): void {
    if (typeof flags !== 'number' || flags === 0)
      throw refusal(name, 'it has to say which kind of namespace, so that the way back is known');
    let rest = flags;
    this.#left ??= new Set();
    for (const kind of Object.keys(leavable) as Leavable[]) {
      if ((flags & cloneFlags[kind]) === 0) continue;
      this.#left.add(kind);
      rest &= ~cloneFlags[kind];
    }
    if (rest !== 0)
      throw refusal(name, 'the user, pid, mount and time namespaces of a process with threads stay what they are');
  }
}

export function refusal(what: string, reason: string): TypeError {
  return new TypeError(`cannot perform ${what} in this process: ${reason}; use launch`);
}

function because(reason: string, names: string): [string, string][] {
  return names.split(' ').map((name) => [name, reason]);
}
