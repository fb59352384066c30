/** Images served by Debian's own docker-registry, on loopback, from memory. */
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execve, launch } from '@estiba/syscalls';
import { debianTar } from '../../tests/interop/debian-root.ts';
import type { Bench } from '../bench.ts';
import { pathOf } from '../programs.ts';
import { plainLayer, tag, writeImage } from './debian-image.ts';

export interface ServedImage extends AsyncDisposable {
  /** `127.0.0.1:5000/debian:latest` */
  readonly reference: string;
}

export async function serveDebian(bench: Bench): Promise<ServedImage> {
  const layout = bench.folder('layout');
  await writeImage(layout, debianTar, await plainLayer('/dev/null'));
  return serveLayout(bench, layout, 'debian');
}

/** The image of the tag `debian` in a layout, under the given name; the layout is removed. */
export async function serveLayout(bench: Bench, layout: string, name: string): Promise<ServedImage> {
  const directory = bench.folder('registry');
  const port = await freePort();
  const settings = join(directory, 'settings.yml');
  const storage = `storage: {filesystem: {rootdirectory: ${join(directory, 'storage')}}}`;
  writeFileSync(settings, `version: 0.1\nlog: {level: error}\n${storage}\nhttp: {addr: "127.0.0.1:${port}"}\n`);
  const program = pathOf('docker-registry');
  const env = { PATH: '/usr/bin', OTEL_TRACES_EXPORTER: 'none' };
  const registry = await launch([execve(program, ['docker-registry', 'serve', settings], env)], { stdio: 'ignore' });
  try {
    await answering(port, bench.signal);
    const reference = `127.0.0.1:${port}/${name}:latest`;
    const copy = [pathOf('skopeo'), '--insecure-policy', 'copy', '--quiet', '--dest-tls-verify=false'];
    await bench.programs.run([...copy, `oci:${layout}:${tag}`, `docker://${reference}`]);
    rmSync(layout, { recursive: true });
    return { reference, [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose]() };
  } catch (error) {
    await registry[Symbol.asyncDispose]();
    throw error;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function answering(port: number, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const answer = await fetch(`http://127.0.0.1:${port}/v2/`, { signal: AbortSignal.timeout(1_000) }).catch(
      () => undefined,
    );
    if (answer?.ok) return;
    await sleep(50, undefined, { signal });
  }
  throw new Error(`docker-registry does not answer on port ${port}`);
}
