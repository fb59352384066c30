import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scratch } from '../../packages/testkit/src/index.ts';

/** Debian's docker-registry, on loopback and a free port, with everything it stores below a folder. */
export class DockerRegistry implements AsyncDisposable {
  /** `127.0.0.1:40000` */
  readonly host: string;
  readonly #process: ChildProcess;

  private constructor(host: string, process: ChildProcess) {
    this.host = host;
    this.#process = process;
  }

  static async start(folder: Scratch): Promise<DockerRegistry> {
    const host = `127.0.0.1:${await freePort()}`;
    mkdirSync(folder.join('registry'));
    // JSON is YAML, too. Without the authorization that Debian configures.
    const config = {
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: folder.join('registry') } },
      http: { addr: host },
    };
    writeFileSync(folder.join('registry.yml'), JSON.stringify(config));
    // Dies with this process, also where that gets no chance to end it. prctl(2), PR_SET_PDEATHSIG
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'docker-registry', 'serve', folder.join('registry.yml')], {
      stdio: 'ignore',
      env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
    });
    const registry = new DockerRegistry(host, child);
    try {
      await registry.#answers();
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

  async #answers(): Promise<void> {
    for (let attempt = 0; attempt < 200 && this.#process.exitCode === null; attempt++) {
      const answer = await fetch(`http://${this.host}/v2/`).catch(() => undefined);
      if (answer?.status === 200) return;
      await sleep(50);
    }
    throw new Error(`docker-registry does not answer on ${this.host}`);
  }
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
