import { spawn } from 'node:child_process';
import { constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { mayAccess } from './observe/processes.ts';
import { repositoryRoot } from './repository.ts';
import { scratch } from './scratch.ts';

export interface UnprivilegedOptions {
  /** User and group id to run as; 65534 is `nobody`. */
  uid?: number;
  /** Where it runs, and what it is shown: the project unless told. */
  folder?: string;
  /** Files that it sees in the place of others: `{ '/etc/subuid': '/tmp/granted' }`. Root only. */
  instead?: Record<string, string>;
  env?: Record<string, string>;
  /** Milliseconds until the process is killed. */
  timeout?: number;
  signal?: AbortSignal;
}

export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Run a command as an ordinary user, in the project's folder. `node` as the command is this Node; paths are best given
 * relative. A project below a folder of mode 0700 is shown, read-only, at a place that everybody can reach.
 */
export async function unprivileged(command: readonly string[], options: UnprivilegedOptions = {}): Promise<Finished> {
  const [file = 'true', ...args] = command;
  const program = [file === 'node' ? nodeForEverybody() : file, ...args];
  const { uid = 65534, folder = repositoryRoot } = options;
  if (process.geteuid?.() !== 0) return finish(program, folder, options);
  const asUser = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--inh-caps=-all', '--', ...program];
  const isReachable = everybodyMayEnter(folder);
  const { instead = {} } = options;
  if (isReachable && Object.keys(instead).length === 0) return finish(asUser, folder, options);
  await using place = scratch('project');
  const show = 'mount --bind "$1" "$2" && mount -o remount,bind,ro "$2" && cd "$2" && shift 2';
  const replace = 'mount --bind "$1" "$2" && shift 2';
  const pairs = Object.entries(instead).map(([file, other]) => [other, file]);
  const script = [...pairs.map(() => replace), isReachable ? 'cd "$1" && shift' : show, 'exec "$@"'].join(' && ');
  const places = [...pairs.flat(), folder, ...(isReachable ? [] : [place.path])];
  return await finish(['unshare', '--mount', 'sh', '-c', script, 'sh', ...places, ...asUser], '/', options);
}

/** The Node that the scripts of this project put where everybody may execute it; else this one, if that is so of it. */
export function nodeForEverybody(): string {
  const candidates = [process.env.ESTIBA_NODE, process.execPath].filter((path) => path !== undefined);
  const found = candidates.find((path) => isExecutableByAll(path));
  if (found) return found;
  throw new Error(
    `no Node that an ordinary user can execute among ${candidates.join(', ')}: run the tests by npm test`,
  );
}

function isExecutableByAll(path: string): boolean {
  return mayAccess(path, constants.X_OK) && (statSync(path).mode & 0o001) === 1 && everybodyMayEnter(dirname(path));
}

function everybodyMayEnter(directory: string): boolean {
  for (let path = directory; ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) !== 0o001) return false;
    if (path === '/') return true;
  }
}

function finish(
  command: readonly string[],
  cwd: string,
  { env, timeout = 20_000, signal }: UnprivilegedOptions,
): Promise<Finished> {
  const [file = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd,
      env: { PATH: process.env.PATH, HOME: '/', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout,
      killSignal: 'SIGKILL',
      ...(signal && { signal }),
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (exitCode, signal) => resolve({ ...output, exitCode, signal }));
  });
}
