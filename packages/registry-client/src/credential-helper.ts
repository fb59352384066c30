import { spawn } from 'node:child_process';
import { abortable } from './abortable.ts';
import { milliseconds } from './amounts.ts';
import { invalid } from './auth-file.ts';
import type { Credentials } from './credentials.ts';
import { printable } from './printable.ts';

export interface HelperRequest {
  /** What comes after `docker-credential-`. */
  readonly helper: string;
  /** Of the registry, as the helper knows it. */
  readonly name: string;
  /** Which file names the helper, for errors. */
  readonly file: string;
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 *     docker-credential-<helper> get
 *       <── ghcr.io
 *       ──> {"ServerURL":"ghcr.io","Username":"ann","Secret":"…"}    exit 0
 *       ──> credentials not found in native keychain                 exit 1
 *
 * https://github.com/docker/docker-credential-helpers
 */
export async function askHelper(request: HelperRequest): Promise<Credentials | undefined> {
  const { helper, file } = request;
  if (!/^[\w.-]+$/.test(helper))
    throw invalid(file, `${JSON.stringify(helper)} is not the name of a credential helper`);
  const { code, output } = await run(`docker-credential-${helper}`, request);
  if (code === 0) return credentialsOf(output, helper, file);
  if (/not found/i.test(output)) return undefined;
  // A helper that prints a secret and then fails does not get to show it.
  const shown = /secret|username|password|[{}]/i.test(output) ? '' : `: ${printable(output.trim()).slice(0, 200)}`;
  throw invalid(file, `docker-credential-${helper} failed with ${code ?? 'a signal'}${shown}`);
}

const most = 1024 * 1024;

async function run(
  command: string,
  { name, file, timeout, signal }: HelperRequest,
): Promise<{ code: number | null; output: string }> {
  signal?.throwIfAborted();
  const child = spawn(command, ['get'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const end = (why: string) => {
    child.kill('SIGKILL');
    // What it has started may keep the pipe.
    child.stdout.destroy();
    reject(invalid(file, `${command} ${why}`));
  };
  let reject: (error: Error) => void = () => {};
  const timer = setTimeout(() => end(`did not answer within ${timeout} ms`), milliseconds('helperTimeout', timeout));
  const done = new Promise<{ code: number | null; output: string }>((resolve, refuse) => {
    reject = refuse;
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > most) end(`answered with more than ${most} characters`);
    });
    // A helper may end without having read the name.
    child.stdin.on('error', () => {});
    child.stdin.end(name);
    child.once('error', (cause) => refuse(invalid(file, `${command} cannot be run; is it in PATH?`, cause)));
    child.once('close', (code) => resolve({ code, output }));
  });
  try {
    return await abortable(done, signal);
  } finally {
    clearTimeout(timer);
    if (child.exitCode === null) child.kill('SIGKILL');
    child.stdout.destroy();
  }
}

function credentialsOf(output: string, helper: string, file: string): Credentials {
  try {
    const { Username, Secret } = JSON.parse(output);
    if (typeof Username === 'string' && typeof Secret === 'string')
      return Username === '<token>' ? { identityToken: Secret } : { username: Username, password: Secret };
  } catch {
    // The same as an answer without the two fields. Its text may hold the secret and stays out of the error.
  }
  throw invalid(file, `docker-credential-${helper} did not answer with Username and Secret`);
}
