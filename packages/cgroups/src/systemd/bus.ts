import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CgroupError } from '../cgroup-error.ts';

/** systemd's manager, asked through busctl(1), which every host with systemd has. org.freedesktop.systemd1(5) */
export class SystemdBus {
  readonly #attempt: string;
  readonly #options: readonly string[];
  readonly #signal: AbortSignal | undefined;

  /** `attempt` goes on as "cannot …". */
  constructor({ attempt, user, signal }: { attempt: string; user: boolean; signal?: AbortSignal | undefined }) {
    this.#attempt = attempt;
    this.#options = [user ? '--user' : '--system', '--json=short', '--timeout=10'];
    this.#signal = signal;
  }

  /** What the method answers. */
  async call(method: string, signature: string, args: readonly string[]): Promise<readonly unknown[]> {
    const place = [service, '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager'];
    return (await this.#ask(['call', ...place, method, signature, ...args])) as unknown[];
  }

  async property(object: string, kind: string, name: string): Promise<unknown> {
    return this.#ask(['get-property', service, object, `org.freedesktop.systemd1.${kind}`, name]);
  }

  async #ask(args: readonly string[]): Promise<unknown> {
    try {
      // Two dashes: a name may begin with one.
      const { stdout } = await promisify(execFile)('busctl', [...this.#options, '--', ...args], {
        timeout: 15_000,
        ...(this.#signal && { signal: this.#signal }),
      });
      return JSON.parse(stdout).data;
    } catch (cause) {
      this.#signal?.throwIfAborted();
      throw this.#refusal(cause as NodeJS.ErrnoException & { stderr?: string });
    }
  }

  #refusal(cause: NodeJS.ErrnoException & { stderr?: string }): CgroupError {
    const details = { path: '/', cause };
    if (cause.code === 'ENOENT') {
      const message = `cannot ${this.#attempt}: there is no busctl; on a host without systemd use Cgroup.create()`;
      return new CgroupError('SYSTEMD_MISSING', message, details);
    }
    const words = cause.stderr?.trim().replaceAll('\n', '; ') || cause.message;
    const missing = /connect|not been booted|No such file|No medium|ServiceUnknown|not provided by any/.test(words);
    const remedy = missing ? 'is this a host, or a session, of systemd?' : 'systemd said so';
    return new CgroupError(
      missing ? 'SYSTEMD_MISSING' : 'SYSTEMD_REFUSED',
      `cannot ${this.#attempt}: ${words}; ${remedy}`,
      details,
    );
  }
}

const service = 'org.freedesktop.systemd1';
