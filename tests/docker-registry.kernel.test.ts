import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { makeImage } from '../examples/demo/make-image.ts';
import { requires, type Scratch, scratch } from '../packages/testkit/src/index.ts';
import { root } from './project-files.ts';

const needs = { root: true, overlay: true, cgroup: ['memory', 'pids'], command: ['docker-registry', 'skopeo'] };

requires(needs)("an image in Debian's docker-registry, put there by skopeo", () => {
  let folder: Scratch;
  let registry: ChildProcess;
  let reference: string;

  beforeAll(async () => {
    folder = scratch('docker-registry');
    const port = await freePort();
    registry = await startRegistry(folder, port);
    reference = `127.0.0.1:${port}/machine:1`;
    const { layout, descriptor } = await makeImage(folder.join('image'), new AbortController().signal);
    await layout.tag('1', descriptor);
    execute(
      'skopeo',
      'copy',
      '--insecure-policy',
      '--dest-tls-verify=false',
      `oci:${layout.directory}:1`,
      `docker://${reference}`,
    );
  });

  afterAll(async () => {
    if (registry !== undefined) await end(registry);
    folder?.[Symbol.dispose]();
  });

  it('is pulled, unpacked and run by the demo', () => {
    const { stdout, stderr, status } = demo(reference, 'head', '-n', '1', '/etc/os-release');
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^PRETTY_NAME=/m);
    expect(stdout).toMatch(/^unpack .* 2 layers/m);
    expect(stdout).toMatch(/demo: ok\n$/);
    expect(status).toBe(0);
  });

  it('ends the demo with the status of its command', () => {
    const { stdout, status } = demo(reference, 'sh', '-c', 'exit 7');
    expect(stdout).not.toContain('demo: ok');
    expect(status).toBe(7);
  });

  it('is told to be unknown when it is not there', () => {
    const { stderr, status } = demo(reference.replace(/:1$/, ':2'), 'true');
    expect(stderr).toMatch(/failed at stage 'pull': .*\((MANIFEST_UNKNOWN|NAME_UNKNOWN)\)/);
    expect(status).toBe(1);
  });
});

/** Its files below a folder of the test, on loopback only, without the authorization that Debian configures. */
async function startRegistry(folder: Scratch, port: number): Promise<ChildProcess> {
  mkdirSync(folder.join('registry'));
  const config = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: folder.join('registry') } },
    http: { addr: `127.0.0.1:${port}` },
  };
  // JSON is YAML, too.
  writeFileSync(folder.join('config.yml'), JSON.stringify(config));
  const child = spawn('docker-registry', ['serve', folder.join('config.yml')], { stdio: 'ignore' });
  const answers = async () => expect((await fetch(`http://127.0.0.1:${port}/v2/`)).status).toBe(200);
  try {
    await vi.waitFor(answers, { timeout: 10_000, interval: 50 });
  } catch (error) {
    await end(child);
    throw error;
  }
  return child;
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

function demo(...args: string[]) {
  const command = ['--conditions=estiba-source', join(root, 'examples/demo/main.ts'), ...args];
  return spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8', timeout: 30_000 });
}

function execute(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 30_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

async function end(child: ChildProcess): Promise<void> {
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGKILL');
  await closed;
}
