/** Becoming another program. */
import { type Arg, attempt, type Call, fail, type Step, syscall } from '../program.ts';

/** What a command sees when no environment is given: a path to find programs on, and nothing of the caller's. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** An environment: by name, or already as the list of `NAME=value` that execve takes. */
export type Environment = Readonly<Record<string, string>> | readonly Arg[];

/** execve(2): `file` is a path; nothing is searched. Without `env` the environment is empty but for PATH. */
export function execve(file: string, argv: readonly string[], env?: Environment): Call {
  return { ...syscall('execve', file, strings(argv), strings(environment(env))), label: `execute ${file}` };
}

/**
 * Execute a command by name, as a shell would: searched on PATH when it has no slash; the search happens where the
 * program is, so inside a container in its own file system.
 */
export function command(argv: readonly string[], env?: Environment, options: { path?: string } = {}): Step[] {
  const [name] = argv;
  if (name === undefined || name === '') throw new TypeError('a command needs a name: the first argument is empty');
  if (name.includes('/')) return [execve(name, argv, env)];
  const path = options.path ?? pathOf(env);
  const args = strings(argv);
  const variables = strings(environment(env));
  const tries = path.split(':').map((folder) => {
    const file = `${folder === '' ? '.' : folder}/${name}`;
    return attempt(
      [{ ...syscall('execve', file, args, variables), label: `execute ${file}` }],
      ['ENOENT', 'ENOTDIR', 'EACCES'],
    );
  });
  return [
    ...tries,
    fail('ENOENT', `cannot execute ${JSON.stringify(name)}: executable file not found in $PATH (${path})`),
  ];
}

function pathOf(env: Environment | undefined): string {
  const values = env === undefined ? [] : environment(env);
  const entry = values.findLast((value) => typeof value === 'string' && value.startsWith('PATH='));
  return typeof entry === 'string' ? entry.slice(5) : defaultPath;
}

function environment(env: Environment = { PATH: defaultPath }): readonly Arg[] {
  return Array.isArray(env) ? (env as readonly Arg[]) : Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

function strings(values: readonly Arg[]): Arg {
  // Not spread: there may be more of them than a call takes.
  return { words: [...values, 0] };
}
