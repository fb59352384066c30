import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, get as plainGet } from 'node:http';
import { get as secureGet } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate, Scratch } from '../../packages/testkit/src/index.ts';
import type { TokenServer } from './token-server.ts';

export interface DockerRegistryOptions {
  /** Basic authentication, for this one user. */
  readonly htpasswd?: { readonly username: string; readonly password: string };
  /** Who gives out the tokens it asks for. */
  readonly token?: TokenServer;
  /** HTTPS. */
  readonly tls?: Certificate;
}

/** Debian's docker-registry, on loopback and a free port, with everything it stores below a folder. */
export class DockerRegistry implements AsyncDisposable {
  /** `127.0.0.1:40000` */
  readonly host: string;
  readonly #process: ChildProcess;

  private constructor(host: string, process: ChildProcess) {
    this.host = host;
    this.#process = process;
  }

  static async start(folder: Scratch, options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
    const host = `127.0.0.1:${await freePort()}`;
    const directory = mkdtempSync(folder.join('registry-'));
    // JSON is YAML, too. Without the authorization that Debian configures.
    writeFileSync(join(directory, 'registry.yml'), JSON.stringify(settings(host, directory, options)));
    // Dies with this process, also where that gets no chance to end it. prctl(2), PR_SET_PDEATHSIG
    const command = ['--pdeathsig', 'KILL', 'docker-registry', 'serve', join(directory, 'registry.yml')];
    const child = spawn('setpriv', command, {
      stdio: 'ignore',
      env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
    });
    const registry = new DockerRegistry(host, child);
    try {
      await registry.#answers(options);
      return registry;
    } catch (error) {
      await registry[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const closed = new Promise<void>((resolve) => this.#process.once('close', () => resolve()));
    this.#process.kill('SIGKILL');
    await closed;
  }

  async #answers({ tls }: DockerRegistryOptions): Promise<void> {
    for (let attempt = 0; attempt < 200 && this.#process.exitCode === null; attempt++) {
      const status = await statusOf(`${tls === undefined ? 'http' : 'https'}://${this.host}/v2/`);
      if (status === 200 || status === 401) return;
      await sleep(50);
    }
    throw new Error(`docker-registry does not answer on ${this.host}`);
  }
}

/** https://distribution.github.io/distribution/about/configuration/ */
function settings(host: string, directory: string, { htpasswd, token, tls }: DockerRegistryOptions): unknown {
  const file = (name: string, content: string) => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  mkdirSync(join(directory, 'storage'));
  return {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'storage') }, delete: { enabled: true } },
    http: {
      addr: host,
      ...(tls !== undefined && { tls: { certificate: file('tls.crt', tls.cert), key: file('tls.key', tls.key) } }),
    },
    ...(htpasswd !== undefined && {
      auth: {
        htpasswd: { realm: 'estiba', path: file('htpasswd', `${htpasswd.username}:${bcrypt(htpasswd.password)}\n`) },
      },
    }),
    ...(token !== undefined && {
      auth: {
        token: {
          realm: token.realm,
          service: token.service,
          issuer: token.issuer,
          rootcertbundle: file('issuer.crt', token.certificate),
        },
      },
    }),
  };
}

/** The only form of password that docker-registry knows; libcrypt has it, and Perl is everywhere. crypt(5) */
function bcrypt(password: string): string {
  const script = 'print crypt($ARGV[0], "\\$2y\\$05\\$" . "abcdefghijklmnopqrstuu")';
  const { stdout } = spawnSync('perl', ['-e', script, password], { encoding: 'utf8' });
  if (!stdout.startsWith('$2y$')) throw new Error(`perl knows no bcrypt: it says ${JSON.stringify(stdout)}`);
  return stdout;
}

/** Whether there is anything; who it is, is for the tests to ask. */
function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const answered = (response: IncomingMessage) => {
      response.resume();
      resolve(response.statusCode);
    };
    const request = url.startsWith('https:')
      ? secureGet(url, { rejectUnauthorized: false, agent: false }, answered)
      : plainGet(url, { agent: false }, answered);
    request.once('error', () => resolve(undefined));
  });
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
