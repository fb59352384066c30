import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Scratch } from '../../packages/testkit/src/index.ts';

export interface PeerOptions {
  /** The host's network, to reach a registry on loopback; none unless told. */
  readonly network?: boolean;
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds; 60,000 unless told. */
  readonly timeout?: number;
}

/**
 * Programs that are not ours. Their settings, storage, temporary and other files lie below one folder; their mounts, their
 * network and their processes are in namespaces of their own, so that nothing of a run outlives it. Needs root.
 */
export class Peers {
  readonly #env: Readonly<Record<string, string>>;
  /** In front of skopeo's and buildah's copying commands: there are no signatures to check. */
  readonly policy: string;

  constructor(folder: Scratch) {
    const home = folder.join('peers');
    for (const name of ['run', 'tmp']) mkdirSync(join(home, name), { recursive: true });
    const file = (name: string, content: string) => {
      writeFileSync(join(home, name), content);
      return join(home, name);
    };
    this.policy = file('policy.json', '{"default":[{"type":"insecureAcceptAnything"}]}');
    this.#env = {
      PATH: `${process.env.PATH ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`,
      HOME: home,
      TMPDIR: join(home, 'tmp'),
      XDG_RUNTIME_DIR: join(home, 'run'),
      // Root without CAP_SYS_RESOURCE may not raise the limits, as these programs would.
      CONTAINERS_CONF: file('containers.conf', '[containers]\ndefault_ulimits = ["nofile=1024:4096"]\n'),
      CONTAINERS_STORAGE_CONF: file(
        'storage.conf',
        `[storage]\ndriver = "vfs"\ngraphroot = "${join(home, 'storage')}"\nrunroot = "${join(home, 'run/storage')}"\n`,
      ),
      CONTAINERS_REGISTRIES_CONF: file('registries.conf', ''),
      REGISTRY_AUTH_FILE: file('auth.json', '{}'),
      LC_ALL: 'C.UTF-8',
    };
  }

  /** Runs a command to its end and gives what it said. Throws with its complaints when it fails. */
  run(command: readonly string[], options: PeerOptions = {}): string {
    const [program = '', ...args] = isolated(command, options);
    const { status, signal, error, stdout, stderr } = spawnSync(program, args, {
      ...this.#settings(options),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (status === 0) return stdout;
    throw failure(command, error?.message ?? signal ?? status, stderr);
  }

  /** As `run`, while this process goes on, as the command may have to do with it. */
  async runBeside(command: readonly string[], options: PeerOptions = {}): Promise<string> {
    const [program = '', ...args] = isolated(command, options);
    try {
      return (await promisify(execFile)(program, args, this.#settings(options))).stdout;
    } catch (error) {
      const { code, signal, stderr } = error as { code?: unknown; signal?: unknown; stderr?: string };
      throw failure(command, signal ?? code, stderr ?? String(error));
    }
  }

  /** From one place that skopeo knows to another, e.g. `oci:/tmp/layout:tag` to `docker://127.0.0.1:5000/name:tag`. */
  copy(from: string, to: string, ...options: readonly string[]): void {
    const plain = ['--src-tls-verify=false', '--dest-tls-verify=false', '--quiet'];
    this.run(['skopeo', '--policy', this.policy, 'copy', ...plain, ...options, from, to], { network: true });
  }

  /** What skopeo finds there, as it says it. */
  inspect(place: string, ...options: readonly string[]): string {
    const before = options.filter(isGlobal);
    const after = options.filter((each) => !isGlobal(each));
    return this.run(['skopeo', ...before, 'inspect', '--tls-verify=false', ...after, place], { network: true });
  }

  #settings({ directory, env, timeout = 60_000 }: PeerOptions) {
    return {
      env: { ...this.#env, ...env },
      ...(directory !== undefined && { cwd: directory }),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      timeout,
      killSignal: 'SIGKILL',
    } as const;
  }
}

/** Ends with this process, too, also where that gets no chance to see to it. prctl(2), PR_SET_PDEATHSIG */
function isolated(command: readonly string[], { network = false }: PeerOptions): string[] {
  const own = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', ...(network ? [] : ['--net'])];
  // Root's skopeo and buildah keep a cache there, whatever they are told.
  const inside = 'mount -t tmpfs peers /var/lib && exec "$@"';
  return ['setpriv', '--pdeathsig', 'KILL', 'unshare', ...own, 'sh', '-c', inside, 'sh', ...command];
}

function failure(command: readonly string[], why: unknown, stderr: string): Error {
  return new Error(`${command.join(' ')} ended with ${why}: ${stderr.slice(-4000)}`);
}

function isGlobal(option: string): boolean {
  return option.startsWith('--override-');
}
